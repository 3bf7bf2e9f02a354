"""Dead letters for operators: look, send again, or let go. Every change has an actor and a reason."""
