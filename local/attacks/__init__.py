"""Every known attack, tried on a deployed stack, and what came of it."""
