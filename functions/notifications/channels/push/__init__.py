"""Push messages to the devices of a user, through SNS."""
