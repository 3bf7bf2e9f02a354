"""The life of a process, from its arguments to its exit status.

============  ===================================================================
0             done
1             done, and the answer is no: each program says what that means
2             not done, or the result could not be printed: arguments, files, services, a full disk
130           interrupted (Ctrl-C)
141           the reader of the output went away (``| head``)
============  ===================================================================

A user sees a traceback only for a mistake in the code, never for a problem of the machine.
"""

import errno
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from commandline import streams
from commandline.files import FileError
from commandline.streams import OutputError
from commandline.text import harmless, harmless_lines

REFUSED = 2
INTERRUPTED = 128 + signal.SIGINT
READER_GONE = 128 + signal.SIGPIPE

STOPS = (KeyboardInterrupt, OutputError)


def start(main: Callable[[list[str]], int]) -> NoReturn:
    """Run a program as this process.

    Args:
        main: from arguments to exit status. It should import what it needs inside: loading takes a
            moment, and the user may press Ctrl-C in this time.
    """
    sys.exit(_lived(main))


@contextmanager
def noting(tell: Callable[[], str], on: tuple[type[BaseException], ...] = STOPS) -> Iterator[None]:
    """Add a note to the error that stops this block: what was done by then, for the error message."""
    try:
        yield
    except on as stop:
        stop.add_note(tell())
        raise


def with_notes(message: str, error: BaseException) -> str:
    """A message, and what the error carries beside it."""
    return "; ".join([message, *getattr(error, "__notes__", ())])


def complain(message: str) -> None:
    """Print the problem on standard error."""
    sys.stderr.write(f"{harmless_lines(message)}\n")
    sys.stderr.flush()


def _lived(main: Callable[[list[str]], int]) -> int:
    if not streams.prepare():
        complain(
            "standard output is closed, so nothing was done: add `> /dev/null` if you do not need the output"
        )
        return REFUSED
    try:
        status = _run(main)
        sys.stdout.flush()
    except OutputError as error:
        return _unread(error)
    except KeyboardInterrupt as stop:
        # One interrupt is enough: the second must not hide what the first one left.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        complain(with_notes("interrupted", stop))
        with suppress(OutputError):  # the interrupt is the news
            sys.stdout.flush()
        streams.abandon(sys.stdout)
        return INTERRUPTED
    return status


def _run(main: Callable[[list[str]], int]) -> int:
    try:
        return main(sys.argv[1:])
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        complain(str(end.code))
        return 1
    except OutputError:
        raise
    except FileError as error:
        complain(with_notes(str(error), error))
    except OSError as error:
        where = f"{harmless(error.filename)}: " if error.filename is not None else ""
        complain(with_notes(f"{where}{error.strerror or error}", error))
    return REFUSED


def _unread(error: OutputError) -> int:
    streams.abandon(sys.stdout)
    if error.errno == errno.EPIPE:
        # The reader wants no more output. Only the notes about work that was done are printed.
        for note in getattr(error, "__notes__", ()):
            complain(note)
        return READER_GONE
    complain(with_notes(f"cannot write the output: {error.strerror}", error))
    return REFUSED
