"""Folders and files of a stack are its owner's alone (S45)."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import processes
from local.stack.home import Home
from local.stack.private import NotPrivateError


@pytest.fixture(autouse=True)
def careless_shell() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _open_to_others(folder: Path) -> list[Path]:
    paths = (folder, *folder.rglob("*"))
    return [path for path in paths if not path.is_symlink() and path.stat().st_mode & 0o077]


def test_a_new_home_is_its_owners_alone_whatever_the_umask(tmp_path):
    home = Home(tmp_path / "deep" / "home")

    home.create()
    home.ports_file.write_text("{}")

    assert _open_to_others(home.folder) == []


def test_a_loose_home_of_before_is_tightened(tmp_path):
    home = Home(tmp_path / "home")
    names = ("stack.json", "logs/a.log", "state/redis/dump", "scratch/f/x", "cdk.out/asset/y")
    for name in names:
        path = home.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret")
        path.chmod(0o777)

    home.create()

    assert _open_to_others(home.folder) == []
    assert [(home.folder / name).read_text() for name in names] == ["secret"] * len(names)


def test_a_program_of_the_stack_writes_for_its_owner_only(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    os.umask(0)
    made = home.state / "made"
    program = f"import pathlib, time; pathlib.Path({str(made)!r}).touch(); time.sleep(60)"

    process = processes.start("writer", [sys.executable, "-c", program], home, os.environ)
    try:
        processes.wait_until(made.exists, process, 20)
    finally:
        processes.stop([process], home)

    assert stat.S_IMODE(made.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["logs", "state", "lock", "processes.partial", "logs/redis.log"])
@pytest.mark.parametrize("there", [True, False])
def test_a_link_that_leads_elsewhere_is_refused_and_what_it_names_is_untouched(
    tmp_path, name, there
):
    elsewhere = tmp_path / "elsewhere"
    if there:
        elsewhere.mkdir(mode=0o755)
    home = Home(tmp_path / "home")
    (home.folder / name).parent.mkdir(parents=True)
    (home.folder / name).symlink_to(elsewhere)

    with pytest.raises(NotPrivateError, match="symbolic link"):
        home.create()

    assert elsewhere.exists() == there
    assert not there or stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


def test_a_link_of_an_unpacked_package_stays_and_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    home = Home(tmp_path / "home")
    home.scratch.mkdir(parents=True)
    (home.scratch / "package").symlink_to(elsewhere)

    home.create()

    assert (home.scratch / "package").is_symlink()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755
