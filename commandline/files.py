"""Reads a file that the user named, and explains in words what is wrong with it."""

import os
import stat
from pathlib import Path

from commandline.text import harmless


class FileError(Exception):
    """The file cannot be read; says which and why."""


def read(path: Path, *, most: int) -> bytes:
    """Everything in a file or a pipe, but no more than ``most`` bytes and one.

    Raises:
        FileError: there is none, it may not be read, or it is a folder, a device or a socket.
    """
    try:
        with open(path, "rb", opener=_opened) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
                raise FileError(f"cannot read {harmless(path)}: it is a device, not a file")
            os.set_blocking(file.fileno(), True)
            return file.read(most + 1)
    except OSError as error:
        raise FileError(f"cannot read {harmless(path)}: {error.strerror or error}") from error


def _opened(path: str, flags: int) -> int:
    # A pipe without a writer counts as empty; waiting for a writer could take for ever.
    return os.open(path, flags | os.O_NONBLOCK)
