"""What runs on a developer's machine: the embedded stack and its parts."""
