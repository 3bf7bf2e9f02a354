"""What Lambda starts: the one module here whose import does something, and only in Lambda."""

from shared.runtime import startup

with startup.loading():
    from functions.orders.wiring import make

    lambda_handler = startup.handler(make)
