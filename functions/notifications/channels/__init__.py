"""The ways to reach a person. Each is a folder that knows its service and its rules."""
