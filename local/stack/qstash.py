"""The QStash server of the stack: our dev server, or one that the developer runs already."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx

from local.stack.ports import LOOPBACK

URL_VARIABLE = "QSTASH_URL"
TIME_SCALE_VARIABLE = "LOCAL_QSTASH_TIME_SCALE"

# The credentials every QStash development server has, published in its documentation.
_TOKEN = "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0="  # noqa: S105
_CURRENT_KEY = "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r"
_NEXT_KEY = "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs"


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is and how to talk to it."""

    url: str
    token: str = _TOKEN
    current_signing_key: str = _CURRENT_KEY
    next_signing_key: str = _NEXT_KEY


def running_already(environ: Mapping[str, str]) -> Server | None:
    """The development server that QSTASH_URL names, if it names one on this machine.

    Any other address is left alone: a shell may hold the production one, and events of a laptop
    never leave it.
    """
    url = environ.get(URL_VARIABLE, "").rstrip("/")
    return Server(url) if urlsplit(url).hostname in {LOOPBACK, "localhost", "::1"} else None


def with_its_keys(server: Server) -> Server:
    """The server with the keys it signs with: they may have been rotated, and that is kept."""
    headers = {"Authorization": f"Bearer {server.token}"}
    answer = httpx.get(f"{server.url}/v2/keys", headers=headers, timeout=10).raise_for_status()
    keys = answer.json()
    return replace(server, current_signing_key=keys["current"], next_signing_key=keys["next"])


def command(port: int, gateway_port: int, environ: Mapping[str, str]) -> list[str]:
    """How to start ours; function addresses lead to the emulator, as curl's --connect-to does."""
    scale = environ.get(TIME_SCALE_VARIABLE)
    return [
        *[sys.executable, "-m", "local.qstash", "--port", str(port)],
        *["--route", f"*.on.aws={LOOPBACK}:{gateway_port}"],
        *(["--time-scale", scale] if scale else []),
    ]


def is_ready(server: Server) -> bool:
    """Whether it knows its keys, which is how an official client looks for a dev server too."""
    headers = {"Authorization": f"Bearer {server.token}"}
    try:
        return httpx.get(f"{server.url}/v2/keys", headers=headers, timeout=2).status_code == 200
    except httpx.TransportError:
        return False
