"""Which devices a user is told on."""
