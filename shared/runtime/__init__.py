"""Puts a function together in Lambda: start-up, clients, the entry."""
