"""Planting a bug: in a copy of the code, so that nothing here is ever broken."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.mutations.catalog import Mutation

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("commandline", "shared", "functions", "ops", "local", "tests", "docs")
SECONDS = 180


class Copy:
    """The code, elsewhere."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in COPIED:
            ignored = shutil.ignore_patterns("__pycache__", ".hypothesis", "*.pyc")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", folder)

    @contextmanager
    def planted(self, mutation: Mutation) -> Iterator[None]:
        """With the bug in it, until the block ends."""
        file = self._folder / mutation.path
        original = file.read_text(encoding="utf-8")
        if original.count(mutation.line) != 1:
            raise ValueError(f"{mutation.invariant}: the protecting line moved in {mutation.path}")
        file.write_text(original.replace(mutation.line, mutation.becomes), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(original, encoding="utf-8")

    def run(self, *arguments: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
        """A module of the copy, with its output."""
        # No bytecode: two versions of a file within a second would share it.
        command = [sys.executable, "-B", "-m", *arguments]
        return subprocess.run(
            command,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def tests(self, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Some tests of the copy."""
        return self.run("pytest", "-q", "-x", "--no-header", *tests)

    def chaos(self, *, seconds: float) -> subprocess.CompletedProcess[str]:
        """The simulation of the copy, seed by seed, up to the first breach.

        Raises:
            subprocess.TimeoutExpired: no breach within the time.
        """
        same = ("--first", "1", "--workers", "1")
        return self.run("tests.simulation", *same, "--until-breach", seconds=seconds)
