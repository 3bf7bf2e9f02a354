"""Who operates, the same for every command that changes something.

In an AWS account it is whom AWS names (S26). On a laptop it is the user, or what an option says.
"""

import argparse
import getpass
import os
from collections.abc import Callable

from commandline.arguments import is_text
from ops.core.connection import Connection
from ops.core.publishing import be_ready
from shared.kernel.text import one_line

MAX_NAME = 200
# No argument of a process can hold it: it stands for "nothing was said".
_UNSAID = "\0"


class _Unsaid(str):
    """The name of the machine's user, which no option gave."""

    __slots__ = ()


def add_option(parser: argparse.ArgumentParser, *other_names: str) -> None:
    """``--operator``, and under other names; found as ``operator``."""
    parser.add_argument(
        "--operator",
        *other_names,
        type=_named,
        # argparse reads a default that is text like an argument, and only when it is needed:
        # looking up a user can fail, and nobody who asks for help should learn that.
        default=_UNSAID,
        metavar="NAME",
        help="who, on a laptop (default: the user who runs this); in an account AWS says it",
    )


def who(options: argparse.Namespace, connection: Connection, tell: Callable[[str], None]) -> str:
    """Who changes something, as it is recorded. A run that changes nothing does not ask.

    Args:
        tell: says that a name was given and is not recorded.

    Raises:
        OperatorError: it is in an account, and AWS does not say.
        ConfigurationError, DependencyError: what the change is published with cannot be had.
    """
    named = options.operator
    if getattr(options, "dry_run", False):
        return str(named)
    be_ready(connection.publisher)
    if connection.identify is None:
        return str(named)
    arn = connection.identify()
    if not isinstance(named, _Unsaid):
        tell(f"--operator {named} is not recorded: AWS names you {arn}")
    return arn


def current_user() -> str:
    """Who runs this program: the user's name, or the number where it has none, as in containers."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # what no name is called before Python 3.13, and since
        name = ""
    return name if _is_name(name) else f"uid {os.getuid()}"


def _named(text: str) -> str:
    if text == _UNSAID:
        return _Unsaid(current_user())
    if not _is_name(text):
        raise argparse.ArgumentTypeError(f"must be 1 to {MAX_NAME} characters on one line")
    return text


def _is_name(text: str) -> bool:
    return is_text(text) and one_line(text, MAX_NAME) == text
