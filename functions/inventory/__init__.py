"""The topic that watches the shelves: records stock movements and raises low-stock alerts."""

from shared import startup

startup.begin()
