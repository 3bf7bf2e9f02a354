"""An index that has moved on since the lock was made: what is locked is installed all the same."""

import base64
import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from local.install import pip_install, uv_install


def wheel(folder: Path, name: str, version: str, *, needs: str = "", extras: str = "") -> str:
    """A small package in an index of our own; its sha256."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Provides-Extra: {extras}\n" if extras else ""
    metadata += f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(inside, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize("command", [pip_install, uv_install])
def test_a_newer_release_of_what_is_locked_changes_nothing(command, tmp_path):
    """What pip before 24 stops at: a package asks for an extra, and the index has more to offer."""
    index = tmp_path / "index"
    index.mkdir()
    asking = wheel(index, "asking", "1.0", needs="offering[toml]>=1.0")
    offering = wheel(index, "offering", "1.0", extras="toml")
    wheel(index, "offering", "2.0", extras="toml")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"asking==1.0 --hash=sha256:{asking}\noffering==1.0 --hash=sha256:{offering}\n")
    into = tmp_path / "into"

    subprocess.run(
        [*command(lock), "--target", str(into), "--no-index", "--find-links", str(index)],
        check=True,
        capture_output=True,
        env={**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache")},
        timeout=120,
    )

    assert (into / "offering.py").read_text() == "VERSION = '1.0'\n"


@pytest.mark.parametrize("command", [pip_install, uv_install])
def test_what_is_not_the_locked_file_is_not_installed(command, tmp_path):
    index = tmp_path / "index"
    index.mkdir()
    wheel(index, "offering", "1.0")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"offering==1.0 --hash=sha256:{'0' * 64}\n")
    into = tmp_path / "into"

    result = subprocess.run(
        [*command(lock), "--target", str(into), "--no-index", "--find-links", str(index)],
        check=False,
        capture_output=True,
        env={**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache")},
        timeout=120,
    )

    assert result.returncode != 0
    assert b"hash" in result.stderr.lower() + result.stdout.lower()
    assert not (into / "offering.py").exists()
