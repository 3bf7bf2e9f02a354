"""Every change that a shop would ask about has one entry in the audit trail, whatever fails."""

import json
from typing import Any

import pytest

from functions.notifications.domain import digest_of
from ops.mail.service import MailService
from shared.kernel.errors import PublishError
from tests.builders import (
    Context,
    checkout_command,
    checkout_payload,
    envelope,
    line,
    release_command,
    reserve_command,
    stock,
    units,
)
from tests.contracts.samples import sample
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.functions.reconciler.test_reconciler import World

ORDER = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=5, threshold=0))
    return pipeline


def trail(shop: Pipeline, action: str) -> list[dict[str, Any]]:
    """The entries of one action."""
    entries: Any = shop.memory.all("audit")
    return [entry for entry in entries if entry["action"] == action]


def states(entry: dict[str, Any]) -> tuple[Any, Any]:
    """From what to what."""
    return entry["previousState"]["status"], entry["newState"]["status"]


def report(kind: str = "Bounce", address: str = "ada@example.com") -> dict[str, Any]:
    """What SNS brings of SES."""
    recipients = [{"emailAddress": address}]
    detail: dict[str, Any] = (
        {"bounce": {"bounceType": "Permanent", "bouncedRecipients": recipients}}
        if kind == "Bounce"
        else {"complaint": {"complainedRecipients": recipients}}
    )
    message = json.dumps({"eventType": kind, **detail})
    return {"Records": [{"Sns": {"Message": message}}]}


# ------------------------------------------------------------------ orders and checkouts
def test_an_order_tells_of_its_checkout_and_of_the_hold_that_it_used(shop):
    shop.deliver("commands", reserve_command(ORDER, items=[units("mug", 2)]))
    shop.deliver("commands", checkout_command(items=[line(quantity=2)]))
    shop.drain()

    (entry,) = trail(shop, "order.created")
    assert states(entry) == ("NONE", "PENDING")
    assert entry["metadata"]["checkout"] == "confirmed"
    assert entry["metadata"]["reservation"] == "consumed"
    assert entry["userId"] == "user-1"


def test_an_order_without_a_hold_tells_of_none(shop):
    shop.deliver("commands", checkout_command())
    shop.drain()

    assert "reservation" not in trail(shop, "order.created")[0]["metadata"]


@pytest.mark.parametrize("through_the_api", [True, False])
def test_a_rejection_is_a_change_of_the_checkout(shop, through_the_api):
    if through_the_api:
        shop.checkout(checkout_payload())
        shop.memory.seed("stock", stock(available=0))
    else:
        shop.memory.seed("stock", stock(available=0))
        shop.deliver("commands", checkout_command())
    shop.drain()

    (entry,) = trail(shop, "checkout.rejected")
    assert entry["entity"] == f"checkout#{ORDER}"
    assert states(entry) == ("accepted" if through_the_api else "none", "rejected")
    (refund,) = trail(shop, "refund.requested")
    assert states(refund) == ("none", "requested")
    assert entry["userId"] == refund["userId"] == "user-1"


def test_a_checkout_that_is_given_up_is_told_of_once_before_it_is_marked():
    """A crash between telling and marking only repeats the telling, under the same id."""
    world = World()
    pipeline = world.pipeline
    pipeline.outbox.failing = True
    pipeline.checkout(checkout_payload())
    pipeline.outbox.failing = False
    for _ in range(6):
        pipeline.clock.advance(661)
        world.run()
    pipeline.clock.advance(661)
    pipeline.outbox.failing_after_effect = True
    world.run()
    stored = pipeline.memory.get("checkouts", {"orderId": ORDER})
    assert stored is not None
    assert "stuck" not in stored
    pipeline.outbox.failing_after_effect = False
    pipeline.clock.advance(60)
    world.run()

    told = pipeline.outbox.of("analytics.audit")
    for message in told:
        pipeline.send(message)
    assert len({message.event_id for message in told}) == 1
    (entry,) = trail(pipeline, "checkout.stuck")
    assert entry["entity"] == f"checkout#{ORDER}"
    assert entry["userId"] == "user-1"
    assert (entry["previousState"]["stuck"], entry["newState"]["stuck"]) == (False, True)
    assert entry["correlationId"] == ORDER


# ------------------------------------------------------------------ stock and holds
def test_a_hold_tells_every_step_from_what_to_what(shop):
    shop.deliver("commands", reserve_command("ord_1"))
    shop.deliver("commands", release_command("ord_1"))
    shop.deliver(
        "commands", reserve_command("ord_1", event_id="evt-again", items=[units("mug", 9)])
    )
    shop.drain()

    told = [states(*trail(shop, f"reservation.{word}")) for word in ("held", "released", "refused")]
    assert told == [("none", "held"), ("held", "released"), ("released", "refused")]
    assert {e["entity"] for e in shop.memory.all("audit")} == {"reservation#ord_1"}


def test_a_shelf_tells_when_its_alert_is_raised_and_armed_again(shop):
    shop.memory.seed("stock", stock(threshold=2, available=2))
    moved = {"productId": "mug", "previousStock": 3, "newStock": 2, "reason": "sale"}
    shop.deliver("inventory", envelope("inventory.stock.updated", moved, eventId="evt-fall"))
    shop.memory.seed("stock", stock(threshold=2, available=9, alert="raised"))
    filled = {"productId": "mug", "previousStock": 2, "newStock": 9, "reason": "restock"}
    for _ in range(2):
        shop.deliver("inventory", envelope("inventory.stock.updated", filled, eventId="evt-rise"))
    shop.drain()

    (low,), (armed,) = trail(shop, "stock.low"), trail(shop, "stock.rearmed")
    assert (low["previousState"]["alert"], low["newState"]["alert"]) == ("armed", "raised")
    assert (armed["previousState"]["alert"], armed["newState"]["alert"]) == ("raised", "armed")
    assert armed["newState"]["currentStock"] == 9
    assert low["metadata"] == armed["metadata"]
    assert low["metadata"] == {"sku": "mug", "actor": {"kind": "system", "id": "inventory"}}


# ------------------------------------------------------------------ lifecycle events in vain
@pytest.mark.parametrize(
    ("events", "action"),
    [
        (["confirmed", "confirmed"], "order.confirmed.repeated"),
        (["confirmed", "shipped", "confirmed"], "order.confirmed.late"),
    ],
)
def test_an_event_that_changed_nothing_is_told_with_its_verdict_and_counted(shop, events, action):
    shop.deliver("commands", checkout_command())
    for number, kind in enumerate(events):
        event = sample(f"order.{kind}")
        payload = event["payload"] | {"orderId": ORDER}
        shop.deliver("orders", event | {"eventId": f"evt-life-{number}", "payload": payload})
    shop.drain()

    (entry,) = trail(shop, action)
    before, after = states(entry)
    assert before == after
    assert entry["metadata"]["verdict"] == action.rpartition(".")[2]
    assert entry["userId"] == "user-1"
    (ignored,) = [m for m in shop.telemetry.measures if m.name == "MovesIgnored"]
    assert ignored.dimensions == {"verdict": action.rpartition(".")[2]}
    # Whoever counts steps by their action does not count it.
    assert len(trail(shop, f"order.{events[-1]}")) == events[:-1].count(events[-1])


def test_a_cancellation_is_counted_by_who_said_so(shop):
    shop.deliver("commands", checkout_command())
    event = sample("order.cancelled")
    payload = event["payload"] | {"orderId": ORDER, "cancelledBy": "admin"}
    for _ in range(2):
        shop.deliver("orders", event | {"payload": payload})

    counted = [m.dimensions for m in shop.telemetry.measures if m.name == "OrdersCancelled"]
    assert counted == [{"by": "admin"}]


# ------------------------------------------------------------------ mails and addresses
def test_mails_and_pushes_are_found_by_their_customer(shop):
    shop.deliver("commands", checkout_command())
    shop.deliver("notifications", sample("notification.push"))
    shop.drain()

    (mail,), (push,) = trail(shop, "email.sent"), trail(shop, "push.no_endpoint")
    assert mail["userId"] == "user-1"
    assert push["userId"] == sample("notification.push")["payload"]["userId"]
    assert states(mail) == ("requested", "sent")


@pytest.mark.parametrize("kind", ["Bounce", "Complaint"])
def test_a_suppressed_address_is_told_of_once_by_its_digest(shop, kind):
    for spelling in ("ada@example.com", "ADA@Example.com"):
        shop.consumer("notifications")(report(kind, spelling), Context())
    shop.redis.flush()
    shop.consumer("notifications")(report(kind), Context())
    shop.consumer("notifications")(report("Complaint"), Context())
    shop.drain()

    (entry,) = trail(shop, "address.suppressed")
    assert entry["entity"] == f"address#{digest_of('ada@example.com')}"
    assert entry["newState"] == {"status": "suppressed", "reason": kind.lower()}
    stored = str([shop.memory.all("ledger"), shop.memory.all("audit")]).lower()
    assert "ada@example" not in stored


def test_an_address_is_suppressed_although_qstash_is_down_and_told_of_later(shop):
    shop.outbox.failing = True
    with pytest.raises(PublishError):
        shop.consumer("notifications")(report(), Context())
    shop.outbox.failing = False
    assert [row["state"] for row in shop.memory.all("notifications")] == ["suppressed"]

    assert shop.consumer("notifications")(report(), Context()) == {"suppressed": 1}
    shop.drain()

    assert len(trail(shop, "address.suppressed")) == 1


def test_a_report_is_no_event_that_anybody_may_publish(shop):
    event = envelope("notification.feedback", {"address": "ada@example.com", "reason": "bounce"})

    assert shop.deliver("notifications", event)["statusCode"] == 489
    assert shop.memory.all("notifications") == []


# ------------------------------------------------------------------ decided by operators
@pytest.fixture
def in_doubt(shop: Pipeline) -> Pipeline:
    """A confirmation whose fate nobody knows."""
    shop.mailer.mode = "timeout"
    shop.deliver("commands", checkout_command())
    shop.drain()
    shop.mailer.mode = "ok"
    return shop


def decide(shop: Pipeline, resolution: Any = "sent") -> bool:
    desk = MailService(shop.tables, shop.publisher, shop.clock)
    event_id = next(str(row["id"]) for row in shop.memory.all("notifications") if "event" in row)
    return desk.resolve(event_id, resolution, actor="ada", reason="asked the customer").decided


def test_a_decision_about_a_mail_is_told_with_who_and_why_and_found_by_the_customer(in_doubt):
    assert [decide(in_doubt), decide(in_doubt)] == [True, False]
    in_doubt.drain()

    (entry,) = trail(in_doubt, "email.resolved")
    assert states(entry) == ("unknown", "sent")
    assert entry["metadata"] == {
        "by": "ada",
        "reason": "asked the customer",
        "orderId": ORDER,
        "actor": {"kind": "operator", "id": "ada"},
    }
    assert entry["userId"] == "user-1"
    (told,) = trail(in_doubt, "email.unknown")
    assert entry["entity"] == told["entity"]
    (record,) = [r for r in in_doubt.memory.all("ledger") if r["consumer"] == "operator"]
    assert record["state"] == "done"


def test_a_decision_stands_although_qstash_is_down_and_the_reconciler_tells_it(in_doubt):
    in_doubt.outbox.failing = True
    assert decide(in_doubt, "dropped")
    in_doubt.outbox.failing = False
    assert trail(in_doubt, "email.resolved") == []

    world = World()
    world.pipeline = in_doubt
    in_doubt.clock.advance(61)
    assert world.run().outboxes == 1
    in_doubt.drain()

    assert [states(entry) for entry in trail(in_doubt, "email.resolved")] == [
        ("unknown", "dropped")
    ]


def test_a_resend_that_qstash_did_not_take_is_told_once_when_it_leaves(in_doubt):
    in_doubt.outbox.failing = True
    assert decide(in_doubt, "resend")
    in_doubt.outbox.failing = False
    assert trail(in_doubt, "email.resolved") == []

    world = World()
    world.pipeline = in_doubt
    in_doubt.clock.advance(61)
    assert world.run().outboxes == 1
    in_doubt.drain()

    assert len(in_doubt.mailer.sent) == 1
    assert [states(entry) for entry in trail(in_doubt, "email.resolved")] == [("unknown", "resend")]
