"""The audit trail as operators read it: what happened to an order, a shelf, a customer."""
