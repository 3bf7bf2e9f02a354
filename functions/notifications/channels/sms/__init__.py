"""SMS to a number, through SNS."""
