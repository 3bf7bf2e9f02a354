"""Unpack each archive once, not once per worker.

The emulator unpacks a function and its layer anew for every process it starts: 1,600 files, a fifth
of a second in which it answers no other request. On AWS they are mounted, read-only; here a worker gets
a link to what was unpacked for the first one.
"""

import hashlib
import importlib
import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

_LOCK = threading.Lock()


def share(folder: Path) -> None:
    """Make the emulator in this process unpack into this folder, and link to it from there."""

    class Archive(SharedArchive):
        """An archive that shares this folder."""

        shared_folder = folder

    runtime = vars(importlib.import_module("ministack.core.lambda_runtime"))
    runtime["zipfile"] = SimpleNamespace(**{**vars(zipfile), "ZipFile": Archive})


class SharedArchive(zipfile.ZipFile):
    """A zip file whose contents are unpacked once for all workers."""

    shared_folder: Path

    def extractall(
        self,
        path: str | os.PathLike[str] | None = None,
        members: Iterable[str | zipfile.ZipInfo] | None = None,
        pwd: bytes | None = None,
    ) -> None:
        """Link the (empty) folder to the contents; unpack them first if that was not done yet."""
        if path is None or members is not None or self.filename is None:
            super().extractall(path, members, pwd)
            return
        digest = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
        contents = self.shared_folder / digest
        with _LOCK:
            if not contents.exists():
                self._unpack(contents)
        target = Path(path)
        target.rmdir()
        target.symlink_to(contents, target_is_directory=True)

    def _unpack(self, contents: Path) -> None:
        self.shared_folder.mkdir(parents=True, exist_ok=True)
        partial = tempfile.mkdtemp(dir=self.shared_folder)
        try:
            super().extractall(partial)
            Path(partial).rename(contents)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
