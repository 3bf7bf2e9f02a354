"""What is shipped: staged folders, pinned wheels, bytecode."""
