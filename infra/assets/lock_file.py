"""Reading the lock for another Python than the running one.

`pip install --python-version` picks wheels for that version but evaluates environment markers for
the interpreter it runs on, so the same lock would install different packages on different machines.
"""

import re

_REQUIREMENT = re.compile(
    r"^(?P<pin>[a-z0-9._-]+==[^\s;]+)(?: ; (?P<marker>[^\\]+?))?(?P<rest> \\)?$"
)
_MARKER = re.compile(r"python_full_version (?P<operator><|>=) '(?P<version>[\d.]+)'")


class UnreadableLockError(ValueError):
    """The lock says something that this reader does not know."""


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
