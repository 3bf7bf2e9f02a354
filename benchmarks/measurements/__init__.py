"""The measurements, by name: each takes a run and gives its figures."""
