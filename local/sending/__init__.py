"""Try a consumer: an event, signed as QStash signs, to a topic's function of the running stack."""
