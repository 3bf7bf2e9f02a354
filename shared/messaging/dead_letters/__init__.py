"""Dead letters: events that were given up on, kept until an operator decides about them.

Shared because three programs meet here: analytics hears of failures by callback, the reconciler
fetches what no callback reported, and operators look and replay.
"""
