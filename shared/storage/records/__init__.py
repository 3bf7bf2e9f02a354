"""One module a row: how it is stored and read, and nobody else knows."""
