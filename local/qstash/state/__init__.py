"""What the server remembers, in memory and in its journal."""
