"""What everything stands on: time, ids, money, text, errors, settings. Knows nothing of the shop."""
