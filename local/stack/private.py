"""Files of a stack are its owner's alone: they hold keys, tokens and customers' mails (S45)."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# Takes from every new file what others than its owner may do, whatever the shell allowed.
UMASK = 0o077
_FOLDER = 0o700


class NotPrivateError(Exception):
    """A folder or file of the stack leads elsewhere, or belongs to another user."""


def own_folders(home: Path, *, inside: Iterable[Path], unpacked: Iterable[Path]) -> None:
    """Make the home and its folders, and take from all that is in them what others may do there.

    The home comes first: when it is closed, no other user can change what is inside. From then on
    this process creates files for its owner only.

    Args:
        inside: folders that only the stack's own programs write; no link is taken there.
        unpacked: folders with what packages brought, links included; need not be there.

    Raises:
        NotPrivateError: names what is a symbolic link, or another user's.
    """
    os.umask(UMASK)
    home.parent.mkdir(parents=True, exist_ok=True)
    strict = (home, *inside)
    for folder in strict:
        _make(folder)
    for folder in strict:
        for entry in folder.iterdir():
            _close(entry)
    for folder in (*strict[1:], *unpacked):
        _close_below(folder)


def _make(folder: Path) -> None:
    # Of a link that leads nowhere, too, it is told what it is.
    if not folder.is_symlink():
        folder.mkdir(exist_ok=True, mode=_FOLDER)
    _close(folder)


def _close(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return  # a running stack replaces its files
    if stat.S_ISLNK(found.st_mode):
        raise NotPrivateError(
            f"{path} is a symbolic link: the stack writes only to its own folder; remove it"
        )
    if found.st_uid != os.getuid():
        raise NotPrivateError(f"{path} belongs to another user; remove it, or choose another home")
    _tighten(path, found.st_mode)


def _close_below(folder: Path) -> None:
    # Links in here come with unpacked packages. They are left alone, and never followed.
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in (*folders, *files)):
            with suppress(FileNotFoundError):  # a running stack replaces its files
                mode = path.lstat().st_mode
                if not stat.S_ISLNK(mode):
                    _tighten(path, mode)


def _tighten(path: Path, mode: int) -> None:
    wanted = _FOLDER if stat.S_ISDIR(mode) else stat.S_IMODE(mode) & _FOLDER
    if stat.S_IMODE(mode) != wanted:
        path.chmod(wanted)
