"""Logs and metrics: what may be written, and the table of all series."""
