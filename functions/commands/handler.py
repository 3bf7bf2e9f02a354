"""What Lambda starts: the one module of this function whose import does something, and only there."""

from shared.runtime import startup

with startup.loading():
    from functions.commands.wiring import make

    lambda_handler = startup.handler(make)
