"""A process that runs one subject on demand, and says how much processor time it took.

Processor time, not time of day: the time that other programs and the stand-in servers need does
not count. Each subject has its own process, so that the heap of one does not slow another.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.sampling import on_the_measured_processor
from benchmarks.subjects import Subject

ROOT = Path(__file__).resolve().parent.parent


class WorkerError(RuntimeError):
    """The worker ended; the message shows why."""


class Worker:
    """The measuring side's handle on such a process.

    Args:
        subject: a name that ``serve`` knows.
        environ: the whole environment of the process.
    """

    def __init__(self, subject: str, environ: Mapping[str, str], *, operations: int) -> None:
        self.subject, self._operations = subject, operations
        with on_the_measured_processor():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.worker", subject],
                cwd=ROOT,
                env=dict(environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def sample(self) -> float:
        """Seconds of processor time of one operation, averaged over one batch.

        Raises:
            WorkerError: the subject failed.
        """
        return self.run(self._operations) / self._operations

    def run(self, operations: int) -> float:
        """Seconds of processor time of a batch.

        Raises:
            WorkerError: the subject failed.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise WorkerError(f"{self.subject} has no pipes")
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{operations}\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            _, errors = self._process.communicate()
            raise WorkerError(f"{self.subject} ended:\n{errors}")
        return float(json.loads(line))

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError, ValueError):
            self._process.communicate(timeout=5)
        self._process.kill()
        self._process.wait()


def serve(subject: str) -> None:
    """Answer each number on standard input with the seconds that so many operations took."""
    # What handlers print goes nowhere; the answers have a channel of their own.
    with os.fdopen(os.dup(1), "w") as answers:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        workload = _subject(subject)(dict(os.environ))
        # A function's package pauses this for the length of a start, which only its entry ends.
        gc.enable()
        for line in sys.stdin:
            batch = workload(int(line))
            gc.collect()
            started = time.process_time()
            batch()
            answers.write(f"{json.dumps(time.process_time() - started)}\n")
            answers.flush()


def _subject(name: str) -> Subject:
    # Only the module that is needed: the other one's imports would be on this one's heap.
    family = "spine" if name.startswith("spine.") else "steps"
    known: Mapping[str, Subject] = importlib.import_module(f"benchmarks.subjects.{family}").SUBJECTS
    return known[name]


if __name__ == "__main__":
    serve(sys.argv[1])
