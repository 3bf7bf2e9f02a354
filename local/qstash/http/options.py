"""The command line: what can be chosen, with the official development credentials as defaults."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from commandline.arguments import Parser, number, whole
from local.browser_guard import is_loopback
from local.qstash.model.plans import PAYG, PLANS, Plan
from local.qstash.syntax.destinations import Route, parse_route

# Published by Upstash for everybody's local development ("user 1"); they protect nothing.
DEV_TOKEN = "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0="  # noqa: S105  public, see above
DEV_CURRENT_SIGNING_KEY = "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r"
DEV_NEXT_SIGNING_KEY = "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs"


@dataclass(frozen=True, slots=True)
class Settings:
    """One server's options."""

    host: str
    port: int
    port_file: Path | None
    state_file: Path | None
    token: str
    current_signing_key: str
    next_signing_key: str
    routes: tuple[Route, ...]
    allow_external: bool
    parallelism: int
    plan: Plan
    time_scale: float
    region: str
    verbose: bool

    def announce(self, port: int) -> None:
        """Tell the program that started the server which port it got; the line also fits the JS SDK's readiness pattern."""
        if self.port_file is not None:
            fresh = self.port_file.with_name(self.port_file.name + ".new")
            fresh.write_text(f"{port}\n")
            fresh.replace(self.port_file)
        host = f"[{self.host}]" if ":" in self.host else self.host
        print(f"QStash dev server listening on http://{host}:{port}", flush=True)


def parse_settings(arguments: list[str]) -> Settings:
    """Read the command line; ends the program with a usage message if it makes no sense."""
    parser: argparse.ArgumentParser = Parser(
        prog="python -m local.qstash",
        description="A QStash development server: signed webhooks with retries, callbacks and a dead letter queue.",
    )
    add = parser.add_argument
    add("--host", type=_loopback, default="127.0.0.1", help="loopback address to listen on")
    add(
        "--port",
        type=whole(0, 65_535),
        default=8080,
        help="0 picks a free one (default: 8080, as the official server)",
    )
    add("--port-file", type=Path, help="write the port into this file once it's known")
    add("--state-file", type=Path, help="survive restarts: keep a journal in this file")
    add("--token", type=_not_empty, default=DEV_TOKEN, help="what clients authenticate with")
    add(
        "--current-signing-key",
        type=_not_empty,
        default=DEV_CURRENT_SIGNING_KEY,
        help="signs deliveries",
    )
    add(
        "--next-signing-key",
        type=_not_empty,
        default=DEV_NEXT_SIGNING_KEY,
        help="signs after a rotation",
    )
    add(
        "--route", type=_route, action="append", default=[], metavar="PATTERN=HOST:PORT",
        help="connect to HOST:PORT, in plain HTTP, for destination hosts that match the pattern (repeatable)",
    )  # fmt: skip
    add("--allow-external", action="store_true", help="deliver to any host, also on the internet")
    add("--parallelism", type=whole(1, 10_000), default=10, help="deliveries at once (default: 10)")
    add(
        "--quota", choices=sorted(PLANS), default=PAYG.name, metavar="PLAN",
        help=f"plan whose limits apply: {', '.join(sorted(PLANS))} (default: {PAYG.name}, as the official server)",
    )  # fmt: skip
    add(
        "--time-scale", type=number(0, 1), default=1.0,
        help="multiply default backoff, Upstash-Delay and Upstash-Retry-Delay by this (0.01: a hundred times faster)",
    )  # fmt: skip
    add(
        "--region",
        default="US-EAST-1",
        help="value of the Upstash-Region header (default: US-EAST-1)",
    )
    add("--verbose", action="store_true", help="log every delivery to stderr")
    chosen = parser.parse_args(arguments)
    options = vars(chosen)
    plan = PLANS[options.pop("quota")]
    return Settings(routes=tuple(options.pop("route")), plan=plan, **options)


def _loopback(text: str) -> str:
    if not is_loopback(text):
        raise argparse.ArgumentTypeError("this server only listens on a loopback address")
    return text


def _not_empty(text: str) -> str:
    # An empty signing key would let anybody forge signatures at receivers that don't check for it.
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def _route(text: str) -> Route:
    try:
        return parse_route(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
