"""Text messages to a number, through SNS."""
