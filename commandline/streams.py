"""The standard streams as a program needs them: open, able to show every character, and with their
own error class for output that cannot be written."""

import codecs
import io
import os
import sys
from typing import TextIO, cast

from commandline.text import named

_HANDLER = "commandline.shown"
# What our own tables and sentences are made of, for terminals that know nothing but ASCII.
_PLAIN = {"─": "-", "…": "...", "→": "->", "±": "+/-", "·": "-"}


class OutputError(OSError):
    """The output could not be written: the reader is gone, or the disk is full."""


class _Output(io.TextIOWrapper):
    """Standard output. Its failures are an ``OutputError``, unlike those of any other file.

    A failure is kept and raised again at the next flush, because argparse, for one, swallows it.
    """

    failure: OutputError | None = None

    def write(self, text: str, /) -> int:
        """Print."""
        try:
            return super().write(text)
        except OSError as error:
            raise self._failed(error) from error

    def flush(self) -> None:
        """Flush what was printed."""
        if self.failure is not None:
            raise self.failure
        try:
            super().flush()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OutputError:
        self.failure = OutputError(error.errno, error.strerror)
        return self.failure


class _Remarks(io.TextIOWrapper):
    """Standard error. The work continues when its messages cannot be written."""

    def write(self, text: str, /) -> int:
        """Print; a failure is ignored, because there is no other stream to report it on."""
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Flush; a failure is ignored, too."""
        try:
            super().flush()
        except OSError:
            abandon(sys.stderr)


def prepare() -> bool:
    """Make the streams of this process as described; whether there is a standard output at all."""
    codecs.register_error(_HANDLER, _shown)
    has_output = cast("TextIO | None", sys.stdout) is not None
    for descriptor in (0, 1, 2):
        _occupy(descriptor)
    sys.stdout = _wrapped(_Output, sys.stdout, 1)
    # `print(file=None)` would print to standard output.
    sys.stderr = _wrapped(_Remarks, sys.stderr, 2)
    return has_output


def abandon(stream: TextIO) -> None:
    """Discard the buffered output, so that the interpreter does not fail on it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    if isinstance(stream, _Output):
        stream.failure = None


def _occupy(descriptor: int) -> None:
    # The next file that is opened gets the lowest free number, and would be taken for the stream.
    try:
        os.fstat(descriptor)
    except OSError:
        os.open(os.devnull, os.O_RDWR)


def _wrapped(kind: type[io.TextIOWrapper], stream: TextIO | None, descriptor: int) -> TextIO:
    given = cast("io.TextIOWrapper", stream or os.fdopen(descriptor, "w", encoding="utf-8"))
    encoding, lines, through = given.encoding, given.line_buffering, given.write_through
    return kind(
        given.detach(),
        encoding=encoding,
        errors=_HANDLER,
        line_buffering=lines or descriptor == 2,
        write_through=through,
    )


def _shown(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    failing = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c) or named(c) for c in failing), error.end
