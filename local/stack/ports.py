"""Which port a process listens on: the one that was asked for, else a free one."""

import re
import socket
from collections.abc import Mapping

LOOPBACK = "127.0.0.1"


class PortError(Exception):
    """The port that was asked for cannot be used."""


def choose(variable: str, environ: Mapping[str, str]) -> int:
    """The port the variable names if it can be had, else one that nobody uses.

    Raises:
        PortError: when the variable holds no port, or one that is taken.
    """
    wanted = environ.get(variable, "").strip()
    if not wanted:
        return _bind(0)
    if re.fullmatch(r"[0-9]{1,5}", wanted) is None or not 0 < int(wanted) < 65_536:
        raise PortError(f"{variable}={wanted} is not a port number")
    try:
        return _bind(int(wanted))
    except OSError as error:
        raise PortError(f"{variable}={wanted}: {error.strerror or error}") from error


def _bind(port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
