"""A Redis in pure Python, for machines that have no other: ``python -m local.stack.fake_redis PORT``."""

import sys

from fakeredis import TcpFakeServer

from local.stack.ports import LOOPBACK


def main() -> None:
    """Serve until the process is stopped."""
    server = TcpFakeServer((LOOPBACK, int(sys.argv[1])))
    # A client that stays connected must not keep the server from ending.
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
