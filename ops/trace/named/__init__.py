"""Traces by the correlation id that their first event came with."""
