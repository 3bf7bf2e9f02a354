"""Compiling what we ship, with the Python that will run it.

Asset archives reset file times, so bytecode checked by time is stale on arrival and Lambda cannot
write it anew: we ship `unchecked-hash` bytecode, which is only valid for one Python version.
"""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

HOST_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def announce(message: str) -> None:
    """One line to the person who waits."""
    print(f"packaging: {message}", file=sys.stderr, flush=True)  # noqa: T201


@functools.cache
def interpreter(version: str) -> str | None:
    """A Python of this version: the running one, else `pythonX.Y` on the PATH, else none.

    Says so once when there is none, for the price is paid at every cold start.
    """
    path = found(version)
    if path is None:
        announce(
            f"no python{version} on the PATH, so the assets carry no bytecode and start almost "
            f"three times slower; put python{version} on the PATH before a deployment that matters"
        )
    return path


def found(version: str) -> str | None:
    """As ``interpreter``, and says nothing."""
    if version == HOST_PYTHON:
        return sys.executable
    return next((path for path in _on_path(f"python{version}") if _is(path, version)), None)


def _on_path(name: str) -> list[str]:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    found = (shutil.which(name, path=folder) for folder in folders if folder)
    return [path for path in found if path]


def _is(path: str, version: str) -> bool:
    # A version manager's shim exists for every version it has ever seen: only running it tells.
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    result = subprocess.run([path, "-c", probe], capture_output=True, text=True, check=False)
    return result.returncode == 0 and result.stdout.strip() == version


def compile_tree(folder: Path, *, python: str, strip: Path, prefix: str) -> None:
    """Byte-compile a tree so that tracebacks show the path it will have in Lambda."""
    command = [python, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(strip), "-p", prefix, str(folder)]
    subprocess.run(
        command,
        check=True,
        # Sets are written in hash order: without a fixed seed no two builds are alike.
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""},
    )
