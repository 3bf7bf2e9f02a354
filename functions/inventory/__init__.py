"""The topic that watches the stock: records stock movements and raises low-stock alerts."""
