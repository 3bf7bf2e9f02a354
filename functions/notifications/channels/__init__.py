"""The ways to reach somebody; each is a folder that knows its service and its rules."""
