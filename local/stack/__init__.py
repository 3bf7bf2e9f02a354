"""The embedded stack: what starts it, deploys to it, and stops exactly what was started."""
