"""A QStash server for a laptop: the published wire format, delivered to loopback and routed hosts only.

Nothing happens on import; `python -m local.qstash` starts the server. The rooms, inside out:

- words: `errors clock durations retry_expression cron headers drafts messages`
- rules without I/O: `backoff dedup signing callbacks dispatch flow_control filters publication destinations`
- state: `journal tables store records` and the `engine`, the only writer of a message's state
- the edges: `delivery runner` (out to destinations), `routing routes_* views server` (in from clients)
"""
