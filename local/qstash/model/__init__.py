"""Messages, queues, plans and the rules about them, without I/O."""
