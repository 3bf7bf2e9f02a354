"""The server's HTTP: routes, what they read, what they answer."""
