"""The topic that keeps the life of an order: records each event on its timeline."""
