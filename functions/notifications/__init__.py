"""The topic that tells people: renders and sends mail, once per event."""

from shared.runtime import startup

startup.begin()
