"""The topic that tells people: renders and sends mail, once per event."""
