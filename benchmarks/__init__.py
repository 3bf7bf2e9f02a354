"""How fast and how frugal the pipeline is, as ratios to a baseline measured in the same run.

``python -m benchmarks`` runs everything, ``--quick`` a smoke run. Absolute times depend on the
machine; a ratio of two things that took turns on the same processor hardly does.
"""
