"""Dead letters: events that QStash gave up on, kept until they are handled or discarded.

Shared because three programs meet here: analytics hears of failures by callback, the reconciler
fetches what no callback reported, and operators look and replay.
"""
