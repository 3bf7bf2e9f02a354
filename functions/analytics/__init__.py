"""The topic that remembers: audit trail, business metrics, and every message that failed."""
