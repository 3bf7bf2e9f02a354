"""Three bad days, on the deployed stack: what nobody redelivers, what nobody reports, who helps twice."""

import random
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.stack import environment
from local.stack.home import ROOT
from local.stack.polling import wait_for
from shared.kernel.clock import iso
from tests.chaos import load
from tests.chaos.rig import Rig

pytestmark = pytest.mark.e2e

LIMIT_SECONDS = 90.0
AUDITED = {"dead_letters", "ledger"}


@pytest.fixture(scope="module", autouse=True)
def shelves(rig: Rig) -> None:
    load.stock(rig.client)


def _cart(rig: Rig, **changes: Any) -> dict[str, Any]:
    return load.ordinary(random.Random(datetime.now(UTC).timestamp())) | changes


def _quiet(rig: Rig) -> None:
    wait_for(rig.client.is_idle, "nothing is left to deliver", limit=LIMIT_SECONDS)


def _state(rig: Rig, *tables: str) -> dict[str, list[Any]]:
    """What business is stored, in an order of its own; claims and letters are bookkeeping."""
    names = tables or tuple(sorted(set(rig.stack.tables) - AUDITED))
    return {name: sorted(rig.client.items(name), key=str) for name in names}


def test_killed_between_commit_and_publish_the_reconciler_publishes_within_two_runs(rig: Rig):
    """Nobody delivers the command again: what heals it is the reconciler alone (I7)."""
    cart = _cart(rig)
    event = load.command(cart, f"evt-{cart['paymentId']}")
    key = f"commands#evt-{cart['paymentId']}"

    # QStash keeps the connection and says nothing: the run commits, and waits in its publish.
    rig.qstash.server.pause()
    try:
        delivery = threading.Thread(target=rig.client.deliver, args=("commands", event))
        delivery.start()
        row = wait_for(lambda: rig.client.item("ledger", id=key), "committed", limit=LIMIT_SECONDS)
        assert rig.workers.kill("commands") >= 1
        delivery.join()
    finally:
        # With it goes the request that it had received and never read.
        rig.qstash.server.kill()
        rig.qstash.restart()
    _quiet(rig)
    assert row["state"] == "committed"
    assert rig.client.deliveries(eventId=row["outbox"][0]["eventId"]) == []

    # Two minutes pass.
    rig.client.put("ledger", row | {"committedAt": _ago(120)})
    for _ in range(2):
        rig.functions.reconcile()

    _quiet(rig)
    record = rig.client.item("ledger", id=key) or {}
    assert record["state"] == "done"
    order = rig.client.item("orders", orderId=rig.client.order_id_for(cart["paymentId"])) or {}
    assert [entry["verdict"] for entry in order["timeline"]] == ["placed", "recorded"]
    assert len(rig.client.mails(cart["customerEmail"])) == 1


def _ago(seconds: int) -> str:
    return iso(datetime.now(UTC) - timedelta(seconds=seconds))


def _with_analytics_down(rig: Rig) -> set[str]:
    """Everything that fails while analytics is down longer than its retries; their event ids."""
    rig.qstash.server.kill()
    # All the retries that there are pass in seconds, those of the callbacks too.
    rig.qstash.time_scale = 0.001
    rig.qstash.restart(unreachable=[rig.host("analytics")])
    carts = [_cart(rig) for _ in range(3)]
    for cart in carts:
        assert rig.client.check_out(cart).status_code == 202
    poison = load.command(_cart(rig, totalAmount=0.01), f"evt-poison-{carts[0]['paymentId']}")
    rig.client.publish(rig.client.url("commands"), poison)
    # Not even the callbacks that report the failures get through: all end in QStash's own queue.
    _quiet(rig)
    assert rig.client.items("dead_letters") == []
    lost = {
        entry["eventId"]
        for record in rig.client.items("ledger")
        for entry in record["outbox"]
        if rig.client.item("ledger", id=f"{entry['topic']}#{entry['eventId']}") is None
    }
    rig.qstash.server.kill()
    rig.qstash.restart()
    return lost | {poison["eventId"]}


def test_what_failed_while_analytics_was_down_is_a_dead_letter_and_replays_once(rig: Rig):
    """No failure vanishes (I15), each is kept once (I16), and any number of operators that replay
    any number of times come to what one replay comes to (I17)."""
    failed = _with_analytics_down(rig)
    assert len(failed) >= 4

    for _ in range(3):
        rig.functions.reconcile()

    kept = {row["eventId"]: row for row in rig.client.items("dead_letters")}
    assert set(kept) == failed
    assert {row["state"] for row in kept.values()} == {"open"}
    assert rig.qstash.health()["deadLetters"] == 0
    rig.functions.reconcile()
    assert {row["eventId"]: row for row in rig.client.items("dead_letters")} == kept

    poison = next(event_id for event_id in failed if event_id.startswith("evt-poison"))
    assert rig.operate("dead-letters", "discard", poison, "--reason", "test").returncode == 0
    _two_operators_replay(rig)
    once = _state(rig)
    letters = rig.client.items("dead_letters")
    assert {row["state"] for row in letters} == {"resolved", "discarded"}
    # Whoever came second found the letter taken: each was sent exactly once.
    assert {row["replays"] for row in letters if row["eventId"] != poison} == {1}

    # Opened again by mistake and replayed again, past the check that they are done.
    for row in letters:
        if row["eventId"] != poison:
            rig.client.put("dead_letters", row | {"state": "open"})
    _two_operators_replay(rig, "--even-if-done")

    assert _state(rig) == once
    found = rig.audit()
    assert [check for check in found["checks"] if check["breaches"]] == []


def _two_operators_replay(rig: Rig, *options: str) -> None:
    command = rig.command(
        "dead-letters", "replay", "--all", "--reason", "test", "--wait", "30", *options
    )
    operators = [
        subprocess.Popen(
            [*command, "--by", name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=environment.of_child(rig.home),
        )
        for name in ("ada", "grace")
    ]
    said = [operator.communicate(timeout=LIMIT_SECONDS)[0] for operator in operators]
    assert [operator.returncode for operator in operators] == [0, 0], said
    _quiet(rig)
