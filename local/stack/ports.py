"""Which port a process listens on: the one that was asked for, else a free one."""

import re
import secrets
import socket
from collections.abc import Callable, Mapping

LOOPBACK = "127.0.0.1"
# Below those that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): one
# of these could have a dead server's port by the time that it is started again.
_FIRST, _COUNT = 20_000, 12_000
_DRAWS = 100


class PortError(Exception):
    """The port that was asked for cannot be used."""


def choose(
    variable: str,
    environ: Mapping[str, str],
    before: int | None = None,
    draw: Callable[[int], int] = secrets.randbelow,
) -> int:
    """The port the variable names, else the one from before if no program uses it now, else a free one.

    Args:
        draw: a number below the given one; two stacks that start at once draw different ones.

    Raises:
        PortError: when the variable holds no port, or one that is taken.
    """
    wanted = environ.get(variable, "").strip()
    if not wanted:
        return before if before is not None and is_free(before) else _any(draw)
    if re.fullmatch(r"[0-9]{1,5}", wanted) is None or not 0 < int(wanted) < 65_536:
        raise PortError(f"{variable}={wanted} is not a port number")
    try:
        return _bind(int(wanted))
    except OSError as error:
        raise PortError(f"{variable}={wanted}: {error.strerror or error}") from error


def is_free(port: int) -> bool:
    """Whether it is a port, and a server of ours could listen there."""
    try:
        return 0 < port < 65_536 and _bind(port) == port
    except OSError:
        return False


def _any(draw: Callable[[int], int]) -> int:
    drawn = (_FIRST + draw(_COUNT) for _ in range(_DRAWS))
    return next((port for port in drawn if is_free(port)), None) or _bind(0)


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
