"""What every command line of the project does the same way. The standard library, and nothing else:
the installer runs it on the system's Python."""
