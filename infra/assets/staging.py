"""The only code that stages assets: what a function ships, and what the layer holds.

Everything is built in plain folders, without Docker, and named by the hash of what it is made of
(sources, locked requirements, target): the second build of the same thing is a look-up. Decision
0002 in `docs/decisions` gives the reasons.
"""

import functools
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.assets import origins
from infra.assets.bytecode import HOST_PYTHON, announce, compile_tree, interpreter
from infra.assets.lock_file import for_python
from infra.assets.prune import slim

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".local" / "assets"
REQUIREMENTS = ROOT / "requirements" / "layer.txt"
LAMBDA_PYTHON = "3.13"

# A change of the recipe makes other assets of the same sources, so it is part of their name.
_RECIPE = ("staging.py", "bytecode.py", "lock_file.py", "origins.py", "prune.py")
_KEPT_BUILDS = 4
_SITE = "site"
_ORIGINS = "origins.json"
_NOT_SHIPPED = ("__pycache__", "*.pyc", "*.md", ".*")


class PackagingError(RuntimeError):
    """An asset cannot be built."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the assets must run on. No platforms means: this machine.

    Args:
        release: its full version where that is known. Lambda runs the newest patch release; a
            laptop may have an early one, which needs packages that later ones do not.
    """

    python: str
    platforms: tuple[str, ...] = ()
    release: str = ""

    def tag(self) -> str:
        """Short, for the name of a folder. No dot: CDK would take what follows for an extension."""
        return "py" + self.python.replace(".", "")

    def key(self) -> str:
        """A name that differs whenever the result would."""
        where = self.platforms or (platform.system(), platform.machine(), *platform.libc_ver())
        compiled = "bytecode" if interpreter(self.python) else "sources"
        return "|".join((self.python, compiled, *where, _recipe_digest()))


# Lambda's Python 3.13 lives on Amazon Linux 2023, glibc 2.34: all three are within it.
LAMBDA = Target(
    LAMBDA_PYTHON, ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
)
HOST = Target(HOST_PYTHON, release=".".join(map(str, sys.version_info[:3])))


@dataclass(frozen=True, slots=True)
class StagedAsset:
    """A folder ready to be zipped, and the hash of what it was made from."""

    path: Path
    digest: str


def stage_function(name: str, target: Target, *, cache: Path = CACHE) -> StagedAsset:
    """The asset of one function: its own folder, under its own dotted name, and nothing else."""
    source = ROOT / "functions" / name
    digest = _digest(_sources(source), f"function|{name}|{target.key()}")

    def build(into: Path) -> None:
        folder = into / "functions" / name
        _copy(source, folder)
        _compile(folder, target, strip=into, prefix="/var/task")

    return _cached(cache, f"function-{name}", digest, build)


def stage_layer(target: Target, *, cache: Path = CACHE) -> StagedAsset:
    """The layer: `shared` and the locked wheels, where Lambda puts a layer's Python."""
    requirements = _requirements(target)
    digest = _digest(_sources(ROOT / "shared"), f"layer|{target.key()}|{requirements}")

    def build(into: Path) -> None:
        wheels = _stage_wheels(requirements, target, cache=cache)
        shutil.copytree(wheels.path / _SITE, into / "python")
        _copy(ROOT / "shared", into / "python" / "shared")
        _compile(into / "python" / "shared", target, strip=into, prefix="/opt")

    return _cached(cache, f"layer-{target.tag()}", digest, build)


def layer_origins(target: Target, *, cache: Path = CACHE) -> tuple[origins.Origin, ...]:
    """Which package brought which file of the layer, apart from our own; builds what is missing."""
    wheels = _stage_wheels(_requirements(target), target, cache=cache)
    return origins.read(wheels.path / _ORIGINS)


def tree_digest(folder: Path) -> str:
    """The hash of every file under a folder, names included."""
    files = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*"))
    return _digest((file for file in files if file[1].is_file()), "")


def _requirements(target: Target) -> str:
    return for_python(REQUIREMENTS.read_text(), target.release or target.python)


def _stage_wheels(requirements: str, target: Target, *, cache: Path) -> StagedAsset:
    """The third-party half of the layer: slow to make, and the same for every edit of ours."""

    def build(into: Path) -> None:
        announce(f"installing the layer's wheels for Python {target.python} …")
        site = into / _SITE
        report = _install(requirements, target, site)
        owned = origins.owners(site)
        slim(site)
        _compile(site, target, strip=site, prefix="/opt/python")
        origins.write(into / _ORIGINS, origins.origins(site, owned, report))

    digest = _digest((), f"wheels|{target.key()}|{requirements}")
    return _cached(cache, f"wheels-{target.tag()}", digest, build)


def _install(requirements: str, target: Target, into: Path) -> dict[str, Any]:
    """Install the wheels; returns pip's report of what it took."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-compile"]
    command += ["--no-deps", "--require-hashes", "--disable-pip-version-check"]
    command += ["--target", str(into)]
    if target.platforms:
        command += [
            "--only-binary=:all:",
            "--implementation=cp",
            f"--python-version={target.python}",
        ]
        command += [f"--platform={name}" for name in target.platforms]
    with tempfile.TemporaryDirectory() as folder:
        lock, report = Path(folder) / "lock.txt", Path(folder) / "report.json"
        lock.write_text(requirements)
        command += ["--requirement", str(lock), "--report", str(report)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            said = result.stderr.strip()
            raise PackagingError(f"pip could not install the layer's wheels:\n{said}")
        told: dict[str, Any] = json.loads(report.read_text())
    return told


def _compile(folder: Path, target: Target, *, strip: Path, prefix: str) -> None:
    python = interpreter(target.python)
    if python:
        compile_tree(folder, python=python, strip=strip, prefix=prefix)


def _sources(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files that ship, by their name inside the folder."""
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not any(
            Path(part).match(pattern) for part in relative.parts for pattern in _NOT_SHIPPED
        ):
            yield relative.as_posix(), path


def _copy(source: Path, into: Path) -> None:
    for name, path in _sources(source):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, into / name)


@functools.cache
def _recipe_digest() -> str:
    here = Path(__file__).parent
    return _digest(((name, here / name) for name in _RECIPE), "recipe")


def _digest(files: Iterable[tuple[str, Path]], salt: str) -> str:
    digest = hashlib.sha256(salt.encode())
    for name, path in sorted(files):
        content = path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _cached(cache: Path, kind: str, digest: str, build: Callable[[Path], None]) -> StagedAsset:
    """Build under another name, then rename: a build is either absent or whole."""
    path = cache / f"{kind}-{digest[:16]}"
    if not path.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".building-") as name:
            building = Path(name) / "asset"
            building.mkdir()
            build(building)
            _normalise(building)
            _move(building, path)
        _forget_old(cache, kind)
    os.utime(path)
    return StagedAsset(path, digest)


def _move(building: Path, path: Path) -> None:
    try:
        building.rename(path)
    except OSError:
        # Another process finished the very same build first; its result is as good as ours.
        if not path.is_dir():
            raise


def _normalise(folder: Path) -> None:
    """Archives keep permissions, and the umask is the builder's: make them the same everywhere."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _forget_old(cache: Path, kind: str) -> None:
    builds = [path for path in cache.glob(f"{kind}-*") if len(path.name) == len(kind) + 17]
    builds.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in builds[_KEPT_BUILDS:]:
        shutil.rmtree(path, ignore_errors=True)
