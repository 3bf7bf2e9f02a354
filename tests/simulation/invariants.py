"""The invariants at rest: faults are over, queues are drained, the reconciler has run.

Those that hold at every moment are in ``always`` and have stopped the world before; the table at
the end names all of them. Each check yields what is broken, in words that start a story.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from shared.contracts.topics import ORDER_REFUND_REQUESTED
from shared.dead_letters.letter import LetterState
from shared.ids import checkout_event_id_for
from shared.writes import Item
from tests.simulation import always
from tests.simulation.always import lines_of
from tests.simulation.journal import Breach
from tests.simulation.storage import text
from tests.simulation.world import World

Breaches = Iterator[Breach]


def _about(*subjects: object) -> frozenset[str]:
    return frozenset(str(subject) for subject in subjects if subject)


def _rows(world: World, table: str) -> list[Item]:
    return world.tables.all(table)


def i4_an_accepted_cart_is_the_one_that_is_ordered(world: World) -> Breaches:
    """Whoever heard 202 gets exactly that cart; a second cart of the payment never hears 202."""
    for made in world.records.requests:
        order = world.tables.row("orders", made.cart.order_id)
        if made.accepted and order is not None and lines_of(order) != made.cart.lines:
            told = f"{made.cart.payment_id} was accepted as one cart and ordered as another"
            yield Breach("I4", told, _about(made.cart.order_id))


def i5_every_accepted_checkout_ends_once(world: World) -> Breaches:
    for made in world.records.requests:
        if not made.accepted:
            continue
        order_id, payment = made.cart.order_id, made.cart.payment_id
        status = text(world.tables.row("checkouts", order_id), "status")
        ordered = world.tables.row("orders", order_id) is not None
        command = checkout_event_id_for(payment)
        lettered = world.tables.row("dead_letters", command) is not None
        good = {"confirmed": ordered, "rejected": not ordered, "accepted": lettered}
        if not good.get(status or "", False):
            told = (
                f"{payment} was accepted and ended {status} with {'an' if ordered else 'no'} order"
            )
            yield Breach("I5", told, _about(order_id, command))


def i5_a_status_never_goes_back(world: World) -> Breaches:
    for made in world.records.requests:
        final = [status for status in made.statuses if status != "accepted"]
        if len(set(final)) > 1:
            told = f"{made.cart.payment_id} was shown as {', then '.join(final)}"
            yield Breach("I5", told, _about(made.cart.order_id))


def i7_every_promised_event_was_accepted(world: World) -> Breaches:
    for row in _rows(world, "ledger"):
        outbox: Any = row["outbox"]
        lost = [str(m["eventType"]) for m in outbox if m["eventId"] not in world.qstash.accepted]
        if lost:
            told = f"{row['id']} is {row['state']}, but QStash never got its {', '.join(lost)}"
            yield Breach("I7", told, _about(row["eventId"]))
        elif row["state"] != "done" or "pendingShard" in row:
            yield Breach("I7", f"{row['id']} stays {row['state']}", _about(row["eventId"]))


def i8_every_effect_is_there_once(world: World) -> Breaches:
    for table in ("movements", "audit"):
        counts = Counter(str(row["eventId"]) for row in _rows(world, table))
        for event_id, count in counts.items():
            if count > 1:
                yield Breach("I8", f"{count} entries in {table} for one event", _about(event_id))
    for table in ("orders", "checkouts"):
        for row in _rows(world, table):
            timeline: Any = row.get("timeline", [])
            for event_id, count in Counter(str(entry["eventId"]) for entry in timeline).items():
                if count > 1:
                    told = f"{count} entries on the timeline for one event"
                    yield Breach("I8", told, _about(event_id))


def i12_the_send_ledger_tells_the_truth(world: World) -> Breaches:
    """Sent is in a mailbox, unknown perhaps, everything else not."""
    sent = Counter(found.mail.event_id for found in world.records.mails)
    allowed = {"sent": (1,), "unknown": (0, 1), "failed": (0,), "suppressed": (0,), "claimed": ()}
    for row in _rows(world, "notifications"):
        if "event" not in row:
            continue
        event_id, state = str(row["id"]), str(row["state"])
        count = sent.pop(event_id, 0)
        if count not in allowed[state]:
            told = f"a mail that went out {count} times is recorded as {state}"
            yield Breach("I12", told, _about(event_id))
    for event_id in sent:
        yield Breach("I12", "a mail went out that nobody recorded", _about(event_id))


def i13_a_rejected_checkout_is_never_confirmed_by_mail(world: World) -> Breaches:
    for found in world.records.mails:
        order_id = world.journal.family(found.mail.event_id)
        rejected = text(world.tables.row("checkouts", order_id), "status") == "rejected"
        if found.mail.template_id == "order-confirmation" and rejected:
            told = f"{found.mail.to} got a confirmation of a rejected order"
            yield Breach("I13", told, _about(found.mail.event_id))


def i15_no_accepted_event_vanishes(world: World) -> Breaches:
    for event_id in world.qstash.accepted:
        handled = world.records.ledger_row(event_id) is not None
        if not handled and world.tables.row("dead_letters", _letter_id(world, event_id)) is None:
            kind = world.records.bodies.get(event_id, {}).get("eventType")
            yield Breach("I15", f"{kind} {event_id} was accepted and is nowhere", _about(event_id))


def i15_no_failure_goes_unseen(world: World) -> Breaches:
    """Whatever QStash gave up on is among the dead letters, even if it was handled later."""
    for message in world.qstash.messages.values():
        if message.state == "queued":
            told = f"{message.name} {message.id} never came to an end"
            yield Breach("I15", told, _about(message.about))
        missing = world.tables.row("dead_letters", _letter_id(world, message.about)) is None
        if message.state == "failed" and message.source is None and missing:
            told = f"{message.name} {message.id} failed and nobody keeps it"
            yield Breach("I15", told, _about(message.about))


def i15_no_letter_is_out_of_reach(world: World) -> Breaches:
    """At rest a letter waits for somebody or is settled; nothing is on its way any more."""
    for row in _rows(world, "dead_letters"):
        if row["state"] == LetterState.REPLAYING:
            told = f"the letter of {row['eventType']} stays replaying: nobody can replay it again"
            yield Breach("I15", told, _about(row["eventId"]))


def _letter_id(world: World, event_id: str) -> str:
    # What was not even an event is known by its message.
    if "eventId" in world.records.bodies.get(event_id, {}):
        return event_id
    messages = world.qstash.messages.values()
    return next((f"message:{m.id}" for m in messages if m.about == event_id), event_id)


def i16_reports_of_one_failure_converge(world: World) -> Breaches:
    failed = Counter(
        _letter_id(world, message.about)
        for message in world.qstash.messages.values()
        if message.state == "failed" and message.source is None
    )
    for row in _rows(world, "dead_letters"):
        history: Any = row["history"]
        noted = sum(str(entry["action"]).startswith("failed") for entry in history)
        if noted != failed[str(row["eventId"])]:
            told = (
                f"{failed[str(row['eventId'])]} messages of it failed, its letter tells of {noted}"
            )
            yield Breach("I16", told, _about(row["eventId"]))


def i19_orders_cost_what_the_catalogue_says(world: World) -> Breaches:
    for order in _rows(world, "orders"):
        lines = lines_of(order)
        total = sum((units * each for units, each in lines.values()), Decimal(0))
        if total != Decimal(str(order["totalAmount"])):
            told = f"{order['paymentId']} pays {order['totalAmount']} for lines worth {total}"
            yield Breach("I19", told, _about(order["orderId"]))
        for sku, (_, each) in lines.items():
            if each not in world.records.prices[sku]:
                told = f"{order['paymentId']} pays {each} for {sku}, which never cost that"
                yield Breach("I19", told, _about(order["orderId"]))


def i21_a_rejection_asks_for_one_refund(world: World) -> Breaches:
    asked = Counter(
        str(world.records.bodies[event_id]["payload"]["paymentId"])
        for event_id in world.qstash.accepted
        if world.records.bodies[event_id].get("eventType") == ORDER_REFUND_REQUESTED
    )
    for row in _rows(world, "checkouts"):
        wanted = 1 if row["status"] == "rejected" else 0
        payment = str(row["paymentId"])
        if asked[payment] != wanted:
            told = (
                f"{payment} is {row['status']}, and its refund was asked for {asked[payment]} times"
            )
            yield Breach("I21", told, _about(row["orderId"]))
        elif wanted and "refundStatus" not in row and not _refund_failed(world, payment):
            told = f"the refund of {payment} was asked for and never noted"
            yield Breach("I21", told, _about(row["orderId"]))


def _refund_failed(world: World, payment: str) -> bool:
    return any(
        row["eventType"] == ORDER_REFUND_REQUESTED and payment in str(row["originalEvent"])
        for row in _rows(world, "dead_letters")
        if row["state"] == LetterState.OPEN
    )


def i22_alerts_match_the_falls_of_a_shelf(world: World) -> Breaches:
    """At most one per fall to the threshold; a shelf that is low at rest has raised its alert."""
    alerts: Counter[str] = Counter()
    for event_id in world.qstash.accepted:
        body = world.records.bodies[event_id]
        if body.get("eventType") == "inventory.stock.low":
            payload = body["payload"]
            extra = f"#{payload['variationId']}" if payload.get("variationId") else ""
            alerts[payload["productId"] + extra] += 1
    for row in _rows(world, "stock"):
        sku, low = str(row["sku"]), int(str(row["available"])) <= int(str(row["threshold"]))
        falls = world.records.falls.get(sku, 0)
        if alerts[sku] > falls:
            yield Breach("I22", f"{alerts[sku]} alerts for {falls} falls of {sku}", _about(sku))
        if low and not alerts[sku]:
            yield Breach("I22", f"{sku} is low and nobody was told", _about(sku))
        if (row["alert"] == "raised") != low:
            told = f"{sku} is {'low' if low else 'full'}, its alert is {row['alert']}"
            yield Breach("I22", told, _about(sku))


def i23_measures_are_those_of_the_decisions(world: World) -> Breaches:
    """Once per decided event. The window: a run that never heard of its own commit measures
    nothing; one that heard of it measures in the same breath."""
    measured = Counter(
        (f"{function}#{e}", m.name) for function, e, m in world.records.measures if e
    )
    for (key, name), count in measured.items():
        if count > 1:
            told = f"{name} was measured {count} times for one event"
            yield Breach("I23", told, _about(key.partition("#")[2]))
    learned = set(world.records.learned)
    for row in _rows(world, "ledger"):
        expected = _MEASURES.get((str(row["eventType"]), str(row["outcome"])))
        if expected is None or row.get("reported"):
            continue
        found, key = measured[(str(row["id"]), expected)], str(row["id"])
        if found != (1 if key in learned else 0):
            told = f"{expected} was measured {found} times for {key}"
            yield Breach("I23", told, _about(row["eventId"]))


_MEASURES = {
    ("command.checkout", "created"): "OrdersCreated",
    ("command.checkout", "rejected"): "OrdersRejected",
    ("order.refund.requested", "requested"): "RefundsRequested",
    ("notification.email", "sent"): "MailSent",
    ("inventory.stock.updated", "low"): "LowStockAlerts",
    ("analytics.metric", "measured"): "PageViews",
}


def i23_revenue_is_what_the_orders_cost(world: World) -> Breaches:
    learned = set(world.records.learned)
    costs = {str(o["orderId"]): Decimal(str(o["totalAmount"])) for o in _rows(world, "orders")}
    known = sum(
        costs[world.journal.family(str(row["eventId"]))]
        for row in _rows(world, "ledger")
        if row["outcome"] == "created" and row["id"] in learned
    )
    measured = sum(
        (Decimal(m.value) for _, _, m in world.records.measures if m.name == "Revenue"), Decimal(0)
    )
    if measured != known:
        yield Breach("I23", f"revenue was measured as {measured}, the orders cost {known}")


def i25_versions_understand_each_other(world: World) -> Breaches:
    for message in world.qstash.messages.values():
        if message.newer and message.state == "failed":
            row = world.tables.row("dead_letters", message.about)
            if row is not None and "unsupported" in str(row["cause"]):
                told = f"{message.kind} of version 1.7 was refused"
                yield Breach("I25", told, _about(message.about))
    for event_id in world.records.strangers:
        letter = world.tables.row("dead_letters", event_id)
        if letter is None or world.records.ledger_row(event_id) is not None:
            told = f"{event_id} of an unknown version or type is not a dead letter"
            yield Breach("I25", told, _about(event_id))


def i26_nothing_forged_got_in(world: World) -> Breaches:
    for row in _rows(world, "ledger"):
        if row["eventId"] == "forged":
            yield Breach("I26", f"{row['id']} was handled without a signature", _about("forged"))


def no_surprises(world: World) -> Breaches:
    """Every fault is one that a port announces; an answer 500 would be a bug of ours."""
    for told in world.records.surprises:
        yield Breach("500", told)


AT_REST: tuple[Callable[[World], Breaches], ...] = (
    i4_an_accepted_cart_is_the_one_that_is_ordered,
    i5_every_accepted_checkout_ends_once,
    i5_a_status_never_goes_back,
    i7_every_promised_event_was_accepted,
    i8_every_effect_is_there_once,
    i12_the_send_ledger_tells_the_truth,
    i13_a_rejected_checkout_is_never_confirmed_by_mail,
    i15_no_accepted_event_vanishes,
    i15_no_failure_goes_unseen,
    i15_no_letter_is_out_of_reach,
    i16_reports_of_one_failure_converge,
    i19_orders_cost_what_the_catalogue_says,
    i21_a_rejection_asks_for_one_refund,
    i22_alerts_match_the_falls_of_a_shelf,
    i23_measures_are_those_of_the_decisions,
    i23_revenue_is_what_the_orders_cost,
    i25_versions_understand_each_other,
    i26_nothing_forged_got_in,
    no_surprises,
)
ALWAYS = (*always.ON_COMMIT, *always.ON_MAIL, *always.ON_ANSWER)
