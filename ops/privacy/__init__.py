"""What is kept of a person: told to them, and erased."""
