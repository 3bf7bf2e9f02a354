"""Tables, rows and conditional writes, as data and as ports."""
