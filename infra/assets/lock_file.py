"""Reading the lock for another Python than the running one.

`pip install --python-version` picks wheels for that version but evaluates environment markers for
the interpreter it runs on, so the same lock would install different packages on different machines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_REQUIREMENT = re.compile(
    r"^(?P<pin>[a-z0-9._-]+==[^\s;]+)(?: ; (?P<marker>[^\\]+?))?(?P<rest> \\)?$"
)
_MARKER = re.compile(r"python_full_version (?P<operator><|>=) '(?P<version>[\d.]+)'")


_HASH = re.compile(r" +--hash=sha256:([0-9a-f]{64})(?: \\)?")


class UnreadableLockError(ValueError):
    """The lock says something that this reader does not know."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked package, for whatever Python and machine.

    Args:
        hashes: SHA-256 of each archive of this version that may be installed.
    """

    name: str
    version: str
    hashes: tuple[str, ...]


def pins(lock: str) -> Iterator[Pin]:
    """Everything that a lock names, its markers left aside.

    Raises:
        UnreadableLockError: a line is neither a package, a hash of one nor a comment.
    """
    name, hashes = "", list[str]()
    for line in [*lock.splitlines(), ""]:
        if digest := _HASH.fullmatch(line):
            hashes.append(digest[1])
            continue
        if name:
            package, _, version = name.partition("==")
            yield Pin(package, version, tuple(hashes))
        match = _REQUIREMENT.match(line)
        if not match and line.strip() and not line.startswith("#"):
            raise UnreadableLockError(f"cannot read the line {line!r}")
        name, hashes = match["pin"] if match else "", []


def for_python(lock: str, python: str) -> str:
    """The part of a universal lock that applies to this Python, without its markers.

    Args:
        python: such as 3.11.2; 3.11 means its newest patch release.

    Raises:
        UnreadableLockError: for a marker other than a bound on the Python version.
    """
    kept: list[str] = []
    wanted = True
    for line in lock.splitlines():
        match = _REQUIREMENT.match(line)
        if match:
            wanted = _applies(match["marker"], python)
            line = match["pin"] + (match["rest"] or "")  # noqa: PLW2901
        if wanted and not line.lstrip().startswith("#"):
            kept.append(line)
    return "\n".join(kept) + "\n"


def _applies(marker: str | None, python: str) -> bool:
    if marker is None:
        return True
    match = _MARKER.fullmatch(marker)
    if match is None:
        raise UnreadableLockError(f"cannot tell whether {marker!r} holds for Python {python}")
    # Without a patch release the newest is meant, so 3.13 stands after every 3.13.x.
    ours = (*_numbers(python), 999)
    below = ours < _numbers(match["version"])
    return below if match["operator"] == "<" else not below


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
