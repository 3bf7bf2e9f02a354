"""`python -m local.qstash`: start the server."""

from __future__ import annotations

import asyncio
import logging
import sys

from commandline.entry import complain, start
from commandline.streams import OutputError
from local.qstash.errors import StateFileError
from local.qstash.http.options import parse_settings
from local.qstash.http.server import serve


def main(arguments: list[str]) -> int:
    """Run until told to stop; returns the exit status."""
    settings = parse_settings(arguments)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr, force=True
    )
    logging.getLogger("local.qstash").setLevel(
        logging.INFO if settings.verbose else logging.WARNING
    )
    try:
        asyncio.run(serve(settings))
    except OutputError:
        raise
    except (StateFileError, OSError) as error:
        complain(f"qstash: {error}")
        return 1
    return 0


if __name__ == "__main__":
    start(main)
