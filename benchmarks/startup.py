"""Ways to start a function that differ in one thing."""

from shared.runtime import startup

SNAPSHOT = {startup.KIND: "snap-start"}
"""Builds everything and opens no connection."""
