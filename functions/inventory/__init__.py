"""The topic that watches the shelves: records stock movements and raises low-stock alerts."""

from shared.runtime import startup

startup.begin()
