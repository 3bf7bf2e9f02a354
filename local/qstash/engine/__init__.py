"""What happens to a message: scheduled, delivered, retried, told of, given up."""
