"""A mail that an operator has sent again leaves once, whatever dies or fails meanwhile (I7)."""

from typing import Any

import pytest

from ops.__main__ import main
from ops.core import connection
from ops.core.unreadable import parted
from ops.mail.domain import Resolution, Resolved
from ops.mail.service import DECIDED, MailService
from shared.kernel.errors import DependencyError
from tests.builders import checkout_command, stock
from tests.pipeline import Pipeline
from tests.unit.functions.reconciler.test_reconciler import World
from tests.unit.shared.faults import Faults, Killed

# More calls of ports than a decision makes.
STEPS = range(6)
EVERY_STEP = pytest.mark.parametrize("step", STEPS)


@pytest.fixture
def world() -> World:
    """A pipeline in which one confirmation mail's fate is unknown, and its reconciler."""
    world = World()
    shop = world.pipeline
    shop.memory.seed("stock", stock(available=5, threshold=0))
    shop.mailer.mode = "timeout"
    shop.deliver("commands", checkout_command())
    shop.drain()
    shop.mailer.mode = "ok"
    return world


def desk_of(shop: Pipeline, faults: Faults | None = None) -> MailService:
    """The desk of an operator, each time on another machine."""
    faults = faults or Faults()
    return MailService(
        faults.wrap("tables", shop.memory), faults.wrap("publisher", shop.outbox), shop.clock
    )


def in_doubt(shop: Pipeline) -> str:
    [event_id] = [str(row["id"]) for row in shop.memory.all("notifications") if "event" in row][:1]
    return event_id


def resolve(shop: Pipeline, resolution: Resolution, faults: Faults | None = None) -> Resolved:
    return desk_of(shop, faults).resolve(
        in_doubt(shop), resolution, actor="ada", reason="asked the customer"
    )


def told(shop: Pipeline) -> list[Any]:
    """What the audit trail tells of decisions."""
    entries: list[Any] = shop.memory.all("audit")
    return [e["newState"]["status"] for e in entries if e["action"] == "email.resolved"]


def reconcile(world: World) -> None:
    """The reconciler's next run, and the deliveries after it."""
    world.pipeline.clock.advance(61)
    world.run()
    world.pipeline.drain()


def decisions(shop: Pipeline) -> list[dict[str, Any]]:
    return [dict(row) for row in shop.memory.all("ledger") if row["eventType"] == DECIDED]


def test_a_resend_that_qstash_does_not_take_leaves_with_the_next_reconciler_run(world):
    shop = world.pipeline
    shop.outbox.failing = True

    done = resolve(shop, "resend")

    assert (done.decided, done.resolution) == (True, "resend")
    assert done.unpublished is not None
    assert desk_of(shop).waiting("unknown") == []
    assert shop.mailer.sent == []
    shop.outbox.failing = False
    reconcile(world)
    assert len(shop.mailer.sent) == 1
    assert told(shop) == ["resend"]


@EVERY_STEP
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_operator_who_dies_anywhere_leaves_a_mail_that_waits_or_one_that_leaves(
    world, step, moment
):
    shop = world.pipeline
    try:
        resolve(shop, "resend", Faults({(step, moment): Killed}))
    except Killed:
        reconcile(world)
    shop.drain()

    waiting = parted(desk_of(shop).waiting("unknown"))[0]
    waits = [mail.event_id for mail in waiting] == [in_doubt(shop)]
    assert (waits, len(shop.mailer.sent), told(shop)) in (
        (True, 0, []),
        (False, 1, ["resend"]),
    )


@EVERY_STEP
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_operator_who_repeats_what_failed_anywhere_has_one_mail_sent(world, step, moment):
    """The repetition publishes what the first try did not: it needs no reconciler."""
    shop = world.pipeline
    faults = Faults({(step, moment): lambda: DependencyError("timeout")})
    try:
        resolve(shop, "resend", faults)
    except DependencyError:
        assert faults.calls.count("publisher.publish") == 0

    assert resolve(shop, "resend").resolution == "resend"
    shop.drain()

    assert len(shop.mailer.sent) == 1
    assert told(shop) == ["resend"]
    assert [row["state"] for row in decisions(shop)] == ["done"]


@EVERY_STEP
@pytest.mark.parametrize("other", ["resend", "sent", "dropped"])
def test_of_two_operators_at_once_one_decides_and_both_learn_what_stands(world, step, other):
    shop = world.pipeline
    faults, others = Faults(), list[Resolved]()

    def watch(_name: str) -> None:
        if len(faults.calls) == step + 1 and not others:
            others.append(resolve(shop, other))

    faults.watch = watch
    answers = [resolve(shop, "resend", faults), *others]
    shop.drain()

    assert [answer.decided for answer in answers].count(True) == 1
    [stands] = {answer.resolution for answer in answers}
    assert len(shop.mailer.sent) == (stands == "resend")
    assert told(shop) == [stands]


# ------------------------------------------------------------------ the command line
@pytest.fixture
def line(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(connection, "connect", lambda _options: world.pipeline)
    return world


def run(line: World, resolution: str) -> int:
    return main(
        ["mail", "resolve", in_doubt(line.pipeline), "--as", resolution, "--reason", "asked"]
    )


def said(line: World, capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().out.splitlines()
    return [text.removeprefix(f"{in_doubt(line.pipeline)}  ") for text in lines]


def test_command_says_what_it_decided_and_the_same_again_is_no_failure(line, capsys):
    assert [run(line, as_) for as_ in ("resend", "resend", "dropped")] == [0, 0, 1]

    assert said(line, capsys) == [
        "resend",
        "was decided before: resend",
        "was decided before: resend",
    ]


def test_command_tells_that_the_mail_leaves_later(line, capsys):
    line.pipeline.outbox.failing = True
    assert [run(line, "resend"), run(line, "resend")] == [0, 0]

    assert said(line, capsys) == [
        "resend; committed; leaves with the next reconciler run",
        "was decided before: resend; committed; leaves with the next reconciler run",
    ]


def test_command_says_that_a_mail_that_is_out_needs_no_decision(line, capsys):
    shop = line.pipeline
    row = dict(shop.memory.get("notifications", {"id": in_doubt(shop)}) or {})
    shop.memory._rows["notifications"].clear()
    del row["attention"]
    shop.memory.seed("notifications", {**row, "state": "sent"})

    assert run(line, "resend") == 1
    assert said(line, capsys) == ["needs no decision"]
