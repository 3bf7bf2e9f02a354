"""What a long command says while it works: steps with their time, colours only for a person."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from commandline.text import cut, padded, width

# Shorter steps need no word that they have begun.
QUIET_SECONDS = 2.0
# A log file wants a sign of life, not a film of it.
PLAIN_INTERVAL = 15.0
LIVE_INTERVAL = 0.2
_MARGIN = len("  ..  ") + 1

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Terminal:
    """A stream that knows whether a person watches it."""

    def __init__(self, stream: TextIO, *, live: bool | None = None) -> None:
        self.stream = stream
        self.live = _is_watched(stream) if live is None else live
        self._lock = threading.Lock()

    def paint(self, text: str, *styles: str) -> str:
        """The text in these styles where a person watches, bare where a file does."""
        if not self.live or not styles:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """One finished line."""
        with self._lock:
            self.stream.write(f"{text}\n")
            self.stream.flush()

    def draw(self, text: str) -> None:
        """What goes on right now, on a line that the next one replaces; nothing in a log."""
        if not self.live:
            return
        # A line that wraps could not be replaced.
        shown = cut(text, max(1, shutil.get_terminal_size().columns - _MARGIN))
        with self._lock:
            self.stream.write(f"\r\x1b[2K  {self.paint('..', 'cyan')}  {shown}")
            self.stream.flush()

    def erase(self) -> None:
        """Remove the line that `draw` left."""
        if self.live:
            with self._lock:
                self.stream.write("\r\x1b[2K")


def _is_watched(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM", "") != "dumb"


def standard_output() -> Terminal:
    """The terminal of this program's output."""
    return Terminal(sys.stdout)


def seconds(value: float) -> str:
    """A duration as a person reads it: ``0.4 s``, ``12 s``, ``2 min 05 s``."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 100:
        return f"{value:.0f} s"
    return f"{int(value) // 60} min {int(value) % 60:02d} s"


class Step:
    """One piece of work in progress; `note` adds what is worth knowing once it is done."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Say this behind the title when the step ends."""
        self.notes.append(text)

    def text(self) -> str:
        """Title and notes."""
        return f"{self.title} ({', '.join(self.notes)})" if self.notes else self.title


class Progress:
    """Steps of a long command: a live line with elapsed seconds, or plain lines in a log."""

    def __init__(self, terminal: Terminal, clock: Callable[[], float] = time.monotonic) -> None:
        self.terminal = terminal
        self.timings: list[tuple[str, float]] = []
        self._clock = clock

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show that this goes on, and then how long it took and whether it worked."""
        step = Step(title)
        started = self._clock()
        done = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(step, started, done), daemon=True)
        ticker.start()
        succeeded = False
        try:
            yield step
            succeeded = True
        finally:
            done.set()
            ticker.join()
            self._finish(step, self._clock() - started, succeeded=succeeded)

    def _tick(self, step: Step, started: float, done: threading.Event) -> None:
        # The step notices by its own output that no terminal listens any more.
        with suppress(OSError):
            self._show(step, started, done)

    def _show(self, step: Step, started: float, done: threading.Event) -> None:
        terminal = self.terminal
        if terminal.live:
            while not done.wait(LIVE_INTERVAL):
                terminal.draw(f"{step.text()}  {seconds(self._clock() - started)}")
            return
        pause = QUIET_SECONDS
        while not done.wait(pause):
            terminal.line(f"  ..  {step.text()}  {seconds(self._clock() - started)}")
            pause = PLAIN_INTERVAL

    def _finish(self, step: Step, elapsed: float, *, succeeded: bool) -> None:
        terminal = self.terminal
        terminal.erase()
        mark = terminal.paint("ok", "green") if succeeded else terminal.paint("!!", "red", "bold")
        terminal.line(f"  {mark}  {step.text()}  {terminal.paint(seconds(elapsed), 'dim')}")
        if succeeded:
            self.timings.append((step.title, elapsed))


def table(rows: list[list[str]], *, indent: str = "  ") -> list[str]:
    """Rows as aligned columns, the first row a heading above a rule."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        (
            indent + "  ".join(padded(cell, size) for cell, size in zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    rule = indent + "  ".join("-" * size for size in widths)
    return [lines[0], rule, *lines[1:]]
