"""The Lambda layer: everything the functions have in common, in three rings.

Ring 0, words: ``errors ids money strict_json clock writes schema envelope effects ports contracts``.
They need the standard library and pydantic only, and touch nothing outside the process.

Ring 1, mechanisms: ``http signature claims ledger settings observability delivery``. They do the
work of the pipeline through the ports of ring 0 and own no connection.

Ring 2, ``adapters``: DynamoDB, Redis, QStash, SSM. The only code here that does input or output.

A ring imports itself and the rings below it, never one above. Nothing runs on import.
"""
