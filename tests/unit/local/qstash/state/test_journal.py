"""The state file: whole lines count, half a line at the end doesn't, and one server at a time."""

import errno
import json
import os

import pytest

from local.qstash.errors import StateFileError
from local.qstash.signing import SigningKeys
from local.qstash.state.journal import FORMAT, FileJournal
from local.qstash.state.store import Store

KEYS = SigningKeys("a", "b")


@pytest.fixture
def journal(tmp_path):
    journal = FileJournal(tmp_path / "state")
    journal.compact([])
    yield journal
    journal.close()


def test_operations_come_back_in_order(journal):
    journal.record(["t", "a", 1])
    with journal.batch():
        journal.record(["t", "b", 2])
        journal.record(["t", "a", None])

    assert list(journal.read()) == [["t", "a", 1], ["t", "b", 2], ["t", "a", None]]


def test_a_batch_is_one_line(journal, tmp_path):
    with journal.batch(), journal.batch():
        journal.record(["t", "a", 1])
        journal.record(["t", "b", 2])

    lines = (tmp_path / "state").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [FORMAT, [["t", "a", 1], ["t", "b", 2]]]


def test_a_write_that_fails_halfway_leaves_no_trace(journal, monkeypatch):
    journal.record(["t", "a", 1])
    real_write = os.write

    def write_three_bytes_then_fail(file: int, content: bytes) -> int:
        if not content.startswith(b"["):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(file, content[:3])

    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "write", write_three_bytes_then_fail)
        with pytest.raises(OSError, match="No space"):
            journal.record(["t", "b", 2])
    journal.record(["t", "c", 3])

    assert list(journal.read()) == [["t", "a", 1], ["t", "c", 3]]


def test_half_a_line_at_the_end_is_cut_off(tmp_path):
    path = tmp_path / "state"
    whole = (
        json.dumps(FORMAT) + "\n" + json.dumps([["keys", "keys", {"current": "x", "next": "y"}]])
    )
    path.write_text(whole + "\n" + '[["keys","keys",{"curr')
    store = Store.open(path, KEYS)
    store.close()

    assert store.keys == SigningKeys("x", "y")
    assert path.read_text().endswith("\n")


def test_damage_elsewhere_is_an_error_that_names_the_line(tmp_path):
    path = tmp_path / "state"
    path.write_text(json.dumps(FORMAT) + "\n{broken\n[]\n")

    with pytest.raises(StateFileError, match="line 2 is damaged"):
        Store.open(path, KEYS)


def test_a_file_of_somebody_else_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("[1, 2]\n")

    with pytest.raises(StateFileError, match="isn't a state file"):
        Store.open(path, KEYS)
    assert path.read_text() == "[1, 2]\n"


def test_two_servers_cannot_share_a_file(tmp_path):
    store = Store.open(tmp_path / "state", KEYS)

    with pytest.raises(StateFileError, match="in use by another server"):
        Store.open(tmp_path / "state", KEYS)
    store.close()


def test_the_file_is_compacted_at_start(open_bench, tmp_path):
    path = tmp_path / "state"
    bench = open_bench(path)
    for number in range(50):
        bench.engine.store.replace_keys(SigningKeys(f"sig_{number}", "n"))
    before = path.stat().st_size
    again = open_bench(path)

    assert again.engine.store.keys.current == "sig_49"
    assert path.stat().st_size < before / 10
    assert path.stat().st_mode & 0o077 == 0


def test_a_journal_of_before_answers_were_kept_in_base64_is_understood(tmp_path):
    entry = {"time_ms": 1, "message_id": "m", "state": "ERROR", "status": 500, "response_body": "ö"}
    lines = [json.dumps(FORMAT), json.dumps([["log", "1", entry]])]
    (tmp_path / "state").write_text("\n".join(lines) + "\n")
    store = Store.open(tmp_path / "state", KEYS)

    [(number, read)] = store.log.oldest_first()
    store.close()
    assert (number, read.status, read.response_base64) == (1, 500, "w7Y=")
