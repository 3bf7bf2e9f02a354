"""One module for each kind of row: only this module knows how the row is stored and read."""
