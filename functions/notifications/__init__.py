"""The topic that tells people: renders and sends mail, once per event."""

from shared import startup

startup.begin()
