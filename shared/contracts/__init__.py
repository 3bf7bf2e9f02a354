"""The wire contract: topics, event types, and the payload of each, one module per topic."""
