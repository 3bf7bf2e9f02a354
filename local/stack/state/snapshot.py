"""The snapshot: everything the emulator holds, in one file that is replaced in one step.

The emulator can save itself when it ends, a file per service; a process that is killed does not
come to that, and files of two moments do not fit together. So its services are asked for their
state here, at moments of our choice, and what they say goes into one file.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.stack.state import inside

FORMAT = 1
# The emulator does not count its mailbox as a service's state.
_MAILBOX = "mailbox"
_LINE = ",\n"
# A function that ends while its service is copied makes the copy fail, not wrong: it is repeated.
_ATTEMPTS = 20


class SnapshotError(Exception):
    """The state cannot be written, or what was kept cannot be read."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The file, and the numbered journals beside it that continue it."""

    path: Path

    def journal(self, generation: int) -> Path:
        """The journal that continues the snapshot with this number."""
        return self.path.with_name(f"changes-{generation}.jsonl")

    def drop_other_journals(self, generation: int) -> None:
        """Remove those that continue a snapshot that is no more."""
        for path in self.path.parent.glob("changes-*.jsonl*"):
            if path != self.journal(generation):
                path.unlink()

    def write(self, generation: int) -> None:
        """Write what the emulator holds now; the old file stays until the new one is complete.

        Raises:
            SnapshotError: when a service's state cannot be written.
        """
        with _KeepingOldCode() as old_code:
            parts = [f"{json.dumps(n)}: {_encoded(n, s)}" for n, s in _states().items()]
            head = json.dumps({"format": FORMAT, "generation": generation})
            partial = self.path.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f'{{"head": {head},\n"services": {{\n{_LINE.join(parts)}\n}}}}\n')
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
            old_code.remove()

    def load(self) -> int | None:
        """Give the emulator back what was kept; the snapshot's number, or None if there is none.

        Raises:
            SnapshotError: when the file is not a snapshot, or the emulator refuses a part of it.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            kept = json.loads(text, object_hook=inside.decode)
            head = kept["head"]
            if head["format"] != FORMAT:
                raise SnapshotError(f"{self.path} has format {head['format']}, not {FORMAT}")
            for name, state in kept["services"].items():
                _restore(name, state)
            return int(head["generation"])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise SnapshotError(f"{self.path} cannot be read: {error!r}") from error


def _states() -> dict[str, Callable[[], Any]]:
    return {**inside.states(), _MAILBOX: inside.mailbox}


def _encoded(name: str, state_of: Callable[[], Any]) -> str:
    for _ in range(_ATTEMPTS):
        try:
            return json.dumps(state_of(), default=inside.encode)
        except RuntimeError:
            continue  # it changed size while it was copied
        except (TypeError, ValueError) as error:
            raise SnapshotError(f"the state of {name} cannot be written: {error}") from error
    raise SnapshotError(f"the state of {name} does not hold still")


def _restore(name: str, state: Any) -> None:
    if name == _MAILBOX:
        inside.mailbox().update(state)
    elif state:
        inside.restore(name, state)


class _KeepingOldCode:
    """Holds back the removal of functions' old code until no snapshot names it any more.

    The emulator removes what is not in use while it is asked for its state. The snapshot on disk
    still names that code until the new one has replaced it.
    """

    def __enter__(self) -> Self:
        """From here on nothing is removed."""
        self._functions = inside.service("lambda_svc")
        self._prune = self._functions["_prune_orphan_code_blobs"]
        self._used: set[str] | None = None
        self._functions["_prune_orphan_code_blobs"] = self._note
        return self

    def __exit__(self, *_: object) -> None:
        """The emulator has its own way again."""
        self._functions["_prune_orphan_code_blobs"] = self._prune

    def remove(self) -> None:
        """Remove what the last state did not name."""
        if self._used is not None:
            self._prune(self._used)

    def _note(self, used: set[str]) -> None:
        self._used = used
