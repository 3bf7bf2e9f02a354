"""The invariants at rest: faults are over, queues are drained, the reconciler has run.

Those that hold at every moment are in ``always`` and have stopped the world before; the table at
the end names all of them. Each check yields what is broken, in words that start a story.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from shared.contracts.topics import ORDER_REFUND_REQUESTED
from shared.kernel.ids import cancellation_event_id_for, caused_event_id, checkout_event_id_for
from shared.messaging.dead_letters.dead_letter import content_digest, original_of
from shared.storage.bounded import entries
from shared.storage.records.dead_letter import DeadLetterState
from shared.storage.writes import Item
from tests.order_ids import order_id_for
from tests.simulation import always, order_of_events, recounts, strangers
from tests.simulation.always import lines_of
from tests.simulation.journal import Breach
from tests.simulation.letters import awaits_another
from tests.simulation.qstash import Message
from tests.simulation.recounts import Breaches, about
from tests.simulation.storage import text
from tests.simulation.world import World

_RESEND = "notification.email.resend"


def _rows(world: World, table: str) -> list[Item]:
    return world.tables.all(table)


def i4_an_accepted_cart_is_the_one_that_is_ordered(world: World) -> Breaches:
    """Whoever heard 202 gets exactly that cart; a second cart of the payment never hears 202."""
    for made in world.records.requests:
        order = world.tables.row("orders", made.cart.order_id)
        if made.accepted and order is not None and lines_of(order) != made.cart.lines:
            told = f"{made.cart.payment_id} was accepted as one cart and ordered as another"
            yield Breach("I4", told, about(made.cart.order_id))


def i4_commands_of_one_payment_agree(world: World) -> Breaches:
    """Whatever was decided for a payment was decided about one cart; others were refused."""
    carts: dict[str, str] = {}
    for row in sorted(_rows(world, "ledger"), key=lambda row: str(row["committedAt"])):
        if row["eventType"] != "command.checkout":
            continue
        payload = world.records.bodies[str(row["eventId"])]["payload"]
        lines = str(sorted(lines_of({"items": payload["items"]}).items()))
        if carts.setdefault(str(payload["paymentId"]), lines) != lines:
            told = f"{payload['paymentId']} with another cart was taken for {row['outcome']}"
            yield Breach("I4", told, about(row["eventId"]))


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
            yield Breach("I5", told, about(order_id, command))


def i5_a_status_never_goes_back(world: World) -> Breaches:
    for made in world.records.requests:
        final = [status for status in made.statuses if status != "accepted"]
        if len(set(final)) > 1:
            told = f"{made.cart.payment_id} was shown as {', then '.join(final)}"
            yield Breach("I5", told, about(made.cart.order_id))


def i7_every_promised_event_was_accepted(world: World) -> Breaches:
    for row in _rows(world, "ledger"):
        outbox: Any = row["outbox"]
        lost = [str(m["eventType"]) for m in outbox if m["eventId"] not in world.qstash.accepted]
        if lost:
            told = f"{row['id']} is {row['state']}, but QStash never got its {', '.join(lost)}"
            yield Breach("I7", told, about(row["eventId"]))
        elif row["state"] != "done" or "pendingShard" in row:
            yield Breach("I7", f"{row['id']} stays {row['state']}", about(row["eventId"]))


def i7_nothing_was_told_that_was_not_decided(world: World) -> Breaches:
    """What a function published is in the outbox of a decision, under the id it has there."""
    promised = {checkout_event_id_for(str(row["paymentId"])) for row in _rows(world, "checkouts")}
    promised |= {cancellation_event_id_for(str(row["orderId"])) for row in _rows(world, "orders")}
    for row in _rows(world, "ledger"):
        outbox: Any = row["outbox"]
        promised |= {str(message["eventId"]) for message in outbox}
    for event_id, who in world.qstash.published_by.items():
        function = who.partition("#")[0]
        if "#" in who and function not in {"operator", "reconciler"} and event_id not in promised:
            kind = world.records.bodies[event_id].get("eventType")
            yield Breach("I7", f"{who} published {kind} for no decision", about(event_id))


def i8_every_effect_is_there_once(world: World) -> Breaches:
    for table in ("movements", "audit"):
        counts = Counter((str(row["eventId"]), row.get("sku")) for row in _rows(world, table))
        for (event_id, _), count in counts.items():
            if count > 1:
                yield Breach("I8", f"{count} entries in {table} for one event", about(event_id))
    for table in ("orders", "checkouts"):
        for row in _rows(world, table):
            timeline = entries(row, "timeline")
            for event_id, count in Counter(str(entry["eventId"]) for entry in timeline).items():
                if count > 1:
                    told = f"{count} entries on the timeline for one event"
                    yield Breach("I8", told, about(event_id))


def i12_the_send_ledger_tells_the_truth(world: World) -> Breaches:
    """Sent is in a mailbox, unknown perhaps, everything else not."""
    sent = Counter(found.mail.event_id for found in world.records.mails)
    allowed = {
        "sent": (1,),
        "unknown": (0, 1),
        "failed": (0,),
        "suppressed": (0,),
        "waiting": (0,),
        "claimed": (),
    }
    for row in _rows(world, "notifications"):
        if "event" not in row:
            continue
        event_id, state = str(row["id"]), str(row["state"])
        count = sent.pop(event_id, 0)
        if count not in allowed[state]:
            told = f"a mail that went out {count} times is recorded as {state}"
            yield Breach("I12", told, about(event_id))
    for event_id in sent:
        yield Breach("I12", "a mail went out that nobody recorded", about(event_id))


def i12_an_order_is_confirmed_by_one_mail(world: World) -> Breaches:
    """Unless an operator had it sent again."""
    resent = {caused_event_id(found.mail.event_id, _RESEND, 0) for found in world.records.mails}
    resent |= {caused_event_id(str(row["id"]), _RESEND, 0) for row in _rows(world, "notifications")}
    confirmed = Counter(
        world.journal.family(found.mail.event_id)
        for found in world.records.mails
        if found.mail.template_id == "order-confirmation" and found.mail.event_id not in resent
    )
    for order_id, count in confirmed.items():
        if count > 1:
            yield Breach("I12", f"one order was confirmed by {count} mails", about(order_id))


def i13_a_rejected_checkout_is_never_confirmed_by_mail(world: World) -> Breaches:
    for found in world.records.mails:
        order_id = world.journal.family(found.mail.event_id)
        rejected = text(world.tables.row("checkouts", order_id), "status") == "rejected"
        if found.mail.template_id == "order-confirmation" and rejected:
            told = f"{found.mail.to} got a confirmation of a rejected order"
            yield Breach("I13", told, about(found.mail.event_id))


def i15_no_accepted_event_vanishes(world: World) -> Breaches:
    for event_id in world.qstash.accepted:
        handled = world.records.ledger_row(event_id) is not None
        if not handled and world.tables.row("dead_letters", _letter_id(world, event_id)) is None:
            kind = world.records.bodies.get(event_id, {}).get("eventType")
            yield Breach("I15", f"{kind} {event_id} was accepted and is nowhere", about(event_id))


def i15_no_failure_goes_unseen(world: World) -> Breaches:
    """Whatever QStash gave up on is among the dead letters, even if it was handled later."""
    for message in world.qstash.messages.values():
        if message.state == "queued":
            told = f"{message.name} {message.id} never came to an end"
            yield Breach("I15", told, about(message.about))
        missing = world.tables.row("dead_letters", _letter_of(world, message)) is None
        if message.state == "failed" and message.source is None and missing:
            told = f"{message.name} {message.id} failed and nobody keeps it"
            yield Breach("I15", told, about(message.about))


def i15_no_letter_is_out_of_reach(world: World) -> Breaches:
    """At rest a letter waits for somebody or is settled; nothing is on its way any more."""
    for row in _rows(world, "dead_letters"):
        if row["state"] == DeadLetterState.REPLAYING:
            told = f"the letter of {row['eventType']} stays replaying: nobody can replay it again"
            yield Breach("I15", told, about(row["eventId"]))


def i15_what_failed_for_a_while_succeeds_in_the_end(world: World) -> Breaches:
    """Faults are over and operators tried again: only what is refused for good may still wait, and
    what waits for something that never came (I28 looks at those)."""
    for row in _rows(world, "dead_letters"):
        for_good = str(row["cause"]).startswith("HTTP 489")
        no_event = str(row["eventId"]).startswith("message:")
        waits = awaits_another(row)
        if row["state"] == DeadLetterState.OPEN and not for_good and not no_event and not waits:
            told = f"{row['eventType']} still fails with {row['cause']}, and nothing is wrong"
            yield Breach("I15", told, about(row["eventId"]))


def _letter_id(world: World, event_id: str) -> str:
    # What was not even an event is known by its message.
    if "eventId" in world.records.bodies.get(event_id, {}):
        return event_id
    messages = world.qstash.messages.values()
    return next((f"message:{m.id}" for m in messages if m.about == event_id), event_id)


def _letter_of(world: World, message: Message) -> str:
    # Refused because its id is another's: then its letter is not that one's either (I29).
    if '"event_id_reused"' in message.refusal:
        return f"{message.about}#{content_digest(original_of(message.body))}"
    return _letter_id(world, message.about)


def i16_reports_of_one_failure_converge(world: World) -> Breaches:
    failed = Counter(
        _letter_of(world, message)
        for message in world.qstash.messages.values()
        if message.state == "failed" and message.source is None
    )
    for row in _rows(world, "dead_letters"):
        if row["eventId"] in world.records.hearsay:
            continue
        noted: Any = row["failures"]
        if noted != failed[str(row["eventId"])]:
            told = (
                f"{failed[str(row['eventId'])]} messages of it failed, its letter tells of {noted}"
            )
            yield Breach("I16", told, about(row["eventId"]))


def i21_a_rejection_asks_for_one_refund(world: World) -> Breaches:
    asked = Counter(
        str(world.records.bodies[event_id]["payload"]["paymentId"])
        for event_id in world.qstash.accepted
        if world.records.bodies[event_id].get("eventType") == ORDER_REFUND_REQUESTED
        and "#" in world.qstash.published_by[event_id]
    )
    noted = Counter(
        str(row["entityId"]) for row in _rows(world, "audit") if row["action"] == "refund.requested"
    )
    for payment, count in noted.items():
        if count > 1:
            told = f"{payment} was asked back once and noted {count} times"
            yield Breach("I21", told, about(order_id_for(payment)))
    for row in _rows(world, "checkouts"):
        order = world.tables.row("orders", str(row["orderId"]))
        cancelled = text(order, "status") == "CANCELLED"
        owed = cancelled and not strangers.lapsed_unvouched(order)
        wanted = 1 if owed or row["status"] == "rejected" else 0
        payment = str(row["paymentId"])
        if asked[payment] != wanted:
            told = (
                f"{payment} is {row['status']}, and its refund was asked for {asked[payment]} times"
            )
            yield Breach("I21", told, about(row["orderId"]))
        elif wanted and "refundStatus" not in row and not _refund_failed(world, payment):
            told = f"the refund of {payment} was asked for and never noted"
            yield Breach("I21", told, about(row["orderId"]))


def _refund_failed(world: World, payment: str) -> bool:
    return any(
        row["eventType"] == ORDER_REFUND_REQUESTED and payment in str(row["originalEvent"])
        for row in _rows(world, "dead_letters")
        if row["state"] == DeadLetterState.OPEN
    )


def i20_a_promised_cancellation_is_kept(world: World) -> Breaches:
    """Whoever heard 202 to it: cancelled, unless the parcel left first."""
    for order_id in sorted(world.records.called_off):
        status = text(world.tables.row("orders", order_id), "status")
        if status not in {"CANCELLED", "SHIPPED", "DELIVERED"}:
            told = f"a cancellation was promised, and the order is {status}"
            yield Breach("I20", told, about(order_id))


def i25_versions_understand_each_other(world: World) -> Breaches:
    for message in world.qstash.messages.values():
        if message.newer and message.state == "failed":
            row = world.tables.row("dead_letters", message.about)
            if row is not None and "unsupported" in str(row["cause"]):
                told = f"{message.kind} of version 1.7 was refused"
                yield Breach("I25", told, about(message.about))
    for event_id in world.records.strangers:
        letter = world.tables.row("dead_letters", event_id)
        if letter is None or world.records.ledger_row(event_id) is not None:
            told = f"{event_id} of an unknown version or type is not a dead letter"
            yield Breach("I25", told, about(event_id))


def i26_nothing_forged_got_in(world: World) -> Breaches:
    for row in _rows(world, "ledger"):
        if row["eventId"] == "forged":
            yield Breach("I26", f"{row['id']} was handled without a signature", about("forged"))


def no_surprises(world: World) -> Breaches:
    """Every fault is one that a port announces; an answer 500 would be a bug of ours."""
    for told in world.records.surprises:
        yield Breach("500", told)


AT_REST: tuple[Callable[[World], Breaches], ...] = (
    i4_an_accepted_cart_is_the_one_that_is_ordered,
    i4_commands_of_one_payment_agree,
    i5_every_accepted_checkout_ends_once,
    i5_a_status_never_goes_back,
    recounts.i2_no_hold_outlives_its_time,
    i7_every_promised_event_was_accepted,
    i7_nothing_was_told_that_was_not_decided,
    recounts.i8_shelves_are_the_sum_of_their_movements,
    i8_every_effect_is_there_once,
    i12_the_send_ledger_tells_the_truth,
    i12_an_order_is_confirmed_by_one_mail,
    i13_a_rejected_checkout_is_never_confirmed_by_mail,
    i15_no_accepted_event_vanishes,
    i15_no_failure_goes_unseen,
    i15_no_letter_is_out_of_reach,
    i15_what_failed_for_a_while_succeeds_in_the_end,
    i16_reports_of_one_failure_converge,
    recounts.i19_orders_cost_what_the_catalogue_says,
    i20_a_promised_cancellation_is_kept,
    i21_a_rejection_asks_for_one_refund,
    recounts.i22_alerts_match_the_falls_of_a_shelf,
    recounts.i23_measures_are_those_of_the_decisions,
    recounts.i23_revenue_is_what_the_orders_cost,
    i25_versions_understand_each_other,
    i26_nothing_forged_got_in,
    order_of_events.i28_what_came_early_is_applied,
    order_of_events.i29_a_payment_stays_with_its_first_contact,
    order_of_events.i31_nothing_is_refused_for_what_only_diagnoses,
    strangers.s36_no_order_of_a_stranger,
    strangers.s39_nothing_waits_for_ever,
    no_surprises,
)
ALWAYS = (*always.ON_COMMIT, *always.ON_MAIL, *always.ON_ANSWER)
