import pytest

from local.install import STAMP, as_uv_reads, fingerprint, is_current

MIRROR = "https://mirror.shop.example/simple"


def test_an_installation_is_current_only_for_what_it_was_made_from(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1")
    (tmp_path / STAMP).write_text(fingerprint(lock, "3.11"))

    assert is_current(tmp_path, fingerprint(lock, "3.11"))
    assert not is_current(tmp_path, fingerprint(lock, "3.12"))
    lock.write_text("a==2")
    assert not is_current(tmp_path, fingerprint(lock, "3.11"))


def test_an_interrupted_installation_is_not_current(tmp_path):
    assert not is_current(tmp_path, fingerprint("x"))


@pytest.mark.parametrize("section", ["global", "user", "site", "install", ":env:"])
def test_uv_looks_where_pip_was_told_to_look(section):
    said = f"{section}.index-url='{MIRROR}'\n{section}.no-color='1'\n"

    assert as_uv_reads(said, {}) == {"UV_DEFAULT_INDEX": MIRROR}


def test_what_the_environment_says_to_pip_counts_more_than_its_files():
    said = f":env:.index-url='{MIRROR}'\nglobal.index-url='https://elsewhere.example/simple'\n"

    assert as_uv_reads(said, {}) == {"UV_DEFAULT_INDEX": MIRROR}


def test_what_uv_was_told_itself_counts_most():
    said = f":env:.index-url='{MIRROR}'\nglobal.cert='/etc/ca.pem'\n"

    told = as_uv_reads(said, {"UV_DEFAULT_INDEX": "https://mine.example/simple"})

    assert told == {"SSL_CERT_FILE": "/etc/ca.pem"}


def test_a_pip_that_was_told_nothing_tells_uv_nothing():
    assert as_uv_reads("", {}) == {}
