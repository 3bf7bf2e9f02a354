"""The Lambda layer: everything the functions have in common, in nine rings, from the ground up.

``kernel``     time, ids, money, text, errors, settings: nothing of the shop
``contracts``  the words of the wire: the envelope, and every event by its topic
``storage``    tables, rows and conditional writes, as data and ports
``commerce``   the shop's own words: carts, payments, the life of an order
``telemetry``  what may be logged, and the table of all metrics
``messaging``  the spine: signature, claim, ledger, outbox, dead letters
``adapters``   DynamoDB, Redis, QStash, SSM: the only code here that does input or output
``runtime``    puts a function together in Lambda
``client``     for programs of the shop's own: publish an event, consume a delivery

A ring imports itself and the rings before it, never one after it. Nothing runs on import.
"""
