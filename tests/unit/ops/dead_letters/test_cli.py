"""The dead letters command: kind, and what happens next, at a glance."""

from typing import Any

import pytest

from ops.__main__ import main
from ops.core import connection
from shared.storage.bounded import FIRST, NEWEST
from tests.pipeline import no_parameters
from tests.unit.ops.dead_letters.test_service import BLOCKED, ReplayBench


@pytest.fixture
def desk(monkeypatch):
    """The command finds this desk's tables as its stage."""
    desk = ReplayBench()
    tables: Any = desk.pipeline.memory
    opened = connection.Connection(
        stage="test",
        tables=tables,
        table_names={},
        publisher=desk.pipeline.outbox,
        clock=desk.pipeline.clock,
        read_parameters=no_parameters,
    )
    monkeypatch.setattr(connection, "connect", lambda _options: opened)
    return desk


def test_the_list_tells_kind_and_next_delivery(desk, capsys):
    desk.letter("evt-1", **BLOCKED)
    desk.letter("evt-2", kind="refused")

    assert main(["dead-letters", "list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    [blocked] = [line for line in lines if line.startswith("evt-1")]
    [refused] = [line for line in lines if line.startswith("evt-2")]
    assert "blocked" in blocked
    assert "2026-03-01T12:30:00" in blocked
    assert "refused" in refused


def test_what_needs_a_person_is_listed_alone(desk, capsys):
    desk.letter("evt-1", **BLOCKED)
    desk.letter("evt-2", kind="refused")

    main(["dead-letters", "list", "--kind", "refused"])

    out = capsys.readouterr().out
    assert "evt-2" in out
    assert "evt-1" not in out


def test_one_letter_tells_how_often_it_was_delivered_and_when_it_will_be(desk, capsys):
    desk.letter("evt-1", **BLOCKED)
    desk.letter("evt-2", kind="refused")

    main(["dead-letters", "show", "evt-1"])
    blocked = capsys.readouterr().out
    main(["dead-letters", "show", "evt-2"])
    refused = capsys.readouterr().out

    assert "deliveries     2\n" in blocked
    assert "next delivery  2026-03-01T12:30:00.000Z\n" in blocked
    assert "next delivery  only by replay\n" in refused


def test_a_letter_with_a_long_history_says_how_much_of_it_is_left_out(desk, capsys):
    told = {"at": "2026-03-01T12:00:00.000Z", "action": "failed", "by": "pull", "reason": "x"}
    desk.letter(
        "evt-1",
        history=[told] * FIRST,
        historyNewest=[told] * NEWEST,
        historyCount=FIRST + NEWEST + 17,
    )

    main(["dead-letters", "show", "evt-1"])

    assert "(17 more in between)" in capsys.readouterr().out
