"""The topic that decides: turns ``command.checkout`` into an order, or into a rejection."""
