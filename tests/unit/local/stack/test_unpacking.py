import zipfile
from pathlib import Path

import pytest

from local.stack.unpacking import SharedArchive


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "layer.zip"
    with zipfile.ZipFile(file, "w") as writer:
        writer.writestr("python/shared/__init__.py", "words = 1\n")
    return file


@pytest.fixture
def unpack(tmp_path, monkeypatch):
    monkeypatch.setattr(SharedArchive, "shared_folder", tmp_path / "shared_folder", raising=False)

    def into(file: Path, name: str) -> Path:
        folder: Path = tmp_path / name
        folder.mkdir()
        with SharedArchive(file) as reader:
            reader.extractall(folder)
        return folder

    return into


def test_two_workers_see_the_same_files(archive, unpack, tmp_path):
    first, second = unpack(archive, "first"), unpack(archive, "second")

    assert (first / "python/shared/__init__.py").read_text() == "words = 1\n"
    assert first.resolve() == second.resolve()
    assert len(list((tmp_path / "shared_folder").iterdir())) == 1


def test_another_archive_is_another_folder(archive, unpack, tmp_path):
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as writer:
        writer.writestr("handler.py", "")

    assert unpack(archive, "first").resolve() != unpack(other, "second").resolve()


def test_removing_a_worker_leaves_the_others_their_files(archive, unpack):
    first, second = unpack(archive, "first"), unpack(archive, "second")

    first.unlink()

    assert (second / "python").is_dir()


def test_an_archive_that_cannot_be_read_leaves_nothing_behind(tmp_path, archive, unpack):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(archive.read_bytes().replace(b"words", b"wards"))

    with pytest.raises(zipfile.BadZipFile):
        unpack(broken, "first")

    assert list((tmp_path / "shared_folder").iterdir()) == []
