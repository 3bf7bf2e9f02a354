"""The public API: validates a cart, accepts it durably, and says what became of it."""
