"""How a person is erased from the tables."""
