"""A file that cannot be read is an error in words, and nothing waits for ever."""

import os
import threading
from pathlib import Path

import pytest

from commandline.files import FileError, read


def test_a_file_is_read_up_to_what_is_allowed_and_one_byte_more(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")

    assert read(tmp_path / "file", most=100) == b"0123456789"
    assert read(tmp_path / "file", most=4) == b"01234"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", "No such file or directory"),
        ("folder", "Is a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("file/below", "Not a directory"),
        ("n" * 300, "File name too long"),
        ("/dev/zero", "it is a device, not a file"),
        ("caf\udce9\x1b", r"caf\udce9\x1b: No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path, name, why):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()

    with pytest.raises(FileError) as refused:
        read(tmp_path / name, most=100)

    assert str(refused.value).startswith("cannot read ")
    assert why in str(refused.value)


def test_a_pipe_without_a_writer_is_empty(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert read(tmp_path / "pipe", most=100) == b""


def test_a_pipe_is_read_to_its_end_however_slowly_it_is_written():
    reading, writing = os.pipe()

    def write() -> None:
        os.write(writing, b"sku,name,price\n")
        os.write(writing, b"mug,Mug,1\n")
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    found = read(Path(f"/dev/fd/{reading}"), most=100)
    writer.join()
    os.close(reading)

    assert found == b"sku,name,price\nmug,Mug,1\n"
