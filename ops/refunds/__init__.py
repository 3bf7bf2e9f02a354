"""Money that must go back: what is asked for, and what a payment provider has settled."""
