"""The topic that remembers: audit trail, business metrics, and every message that failed."""

from shared.runtime import startup

startup.begin()
