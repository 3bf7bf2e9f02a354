"""Cold samples: one fresh interpreter each, and the processor time it took until it was ready."""

import json
import resource
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.sampling import Sample, on_the_measured_processor

ROOT = Path(__file__).resolve().parent.parent
# What a machine's Python has installed: what the references are made of.
SITE = [str(ROOT), *dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))]

# Ends at once: what an interpreter tidies up at its end is no part of a start.
_READY = "; import os; os._exit(0)"
_PATH = "import sys; sys.path[:0] = {paths!r}; "


class ColdStartError(RuntimeError):
    """A measured process failed; the message is what it said."""


def importing(module: str, paths: Sequence[str | Path]) -> str:
    """A program that loads a function as Lambda does: Lambda's own variable makes it build."""
    return f"{_PATH.format(paths=[str(path) for path in paths])}import {module}"


def program(text: str, paths: Sequence[str | Path]) -> str:
    """Any program over these paths."""
    return f"{_PATH.format(paths=[str(path) for path in paths])}{text}"


def cold(text: str, environ: Mapping[str, str], *, writes_bytecode: bool = False) -> Sample:
    """Samples of a program in a fresh interpreter: seconds of processor time, children's included.

    No ``site``: a virtual environment's start-up hooks are not in Lambda.

    Args:
        writes_bytecode: as on a developer's machine, where the first run compiles for the next;
            in Lambda the files are read-only.
    """

    def sample() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(text + _READY, environ, writes_bytecode=writes_bytecode)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return sample


def run(
    text: str, environ: Mapping[str, str], *, writes_bytecode: bool = False, given: str = ""
) -> str:
    """Run a program once, with this on its standard input; what it printed.

    Raises:
        ColdStartError: it failed.
    """
    flags = ["-I", "-S", *([] if writes_bytecode else ["-B"])]
    with on_the_measured_processor():
        done = subprocess.run(
            [sys.executable, *flags, "-c", text],
            cwd="/",
            env=dict(environ),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ColdStartError(done.stderr)
    return done.stdout


def ask(text: str, environ: Mapping[str, str]) -> Any:
    """Run a program once; the JSON on its last line."""
    return json.loads(run(text, environ).splitlines()[-1])
