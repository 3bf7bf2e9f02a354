"""The shop's own words: carts, payments, and the life of an order."""
