"""The topic that watches the shelves: records stock movements and raises low-stock alerts."""
