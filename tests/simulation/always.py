"""The invariants that hold at every single moment: checked at each commit, mail and answer."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from functions.notifications.channels.email.mail import Mail
from shared.contracts.topics import topic_of
from shared.kernel.money import CENT
from shared.storage.writes import Item
from tests.pipeline import URLS
from tests.simulation import order_of_events, strangers
from tests.simulation.invocation import Invocation, Response
from tests.simulation.journal import Breach
from tests.simulation.storage import Change, Commit, text

if TYPE_CHECKING:
    from tests.simulation.qstash import Message
    from tests.simulation.world import World

_ORDER_EDGES = {
    None: {"PENDING"},
    "PENDING": {"CONFIRMED", "CANCELLED"},
    "CONFIRMED": {"PROCESSING", "SHIPPED", "CANCELLED"},
    "PROCESSING": {"SHIPPED", "CANCELLED"},
    "SHIPPED": {"DELIVERED"},
}
_CHECKOUT_EDGES = {
    None: {"accepted", "confirmed", "rejected"},
    "accepted": {"confirmed", "rejected"},
}


def lines_of(order: Item) -> dict[str, tuple[int, Decimal]]:
    """SKU to quantity and price."""
    found: Any = order["items"]
    return {
        line["productId"] + (f"#{line['variationId']}" if line.get("variationId") else ""): (
            int(line["quantity"]),
            Decimal(str(line.get("price", 0))).quantize(CENT),
        )
        for line in found
    }


def _changed(commit: Commit, table: str) -> Iterator[Change]:
    return (change for change in commit if change.table == table)


# ------------------------------------------------------------------ at every commit
def i1_stock_is_never_negative(_world: "World", commit: Commit) -> Iterator[Breach]:
    for change in _changed(commit, "stock"):
        left = min(int(str((change.after or {})[name])) for name in ("available", "reserved"))
        if left < 0:
            yield Breach(
                "I1", f"{change.key[0]} has {left} units on its shelf", frozenset(change.key)
            )


def i2_shelves_and_orders_add_up(world: "World", commit: Commit) -> Iterator[Breach]:
    """For the SKUs that a commit touches: initial + restocked = on the shelf + held + ordered."""
    touched = {change.key[0] for change in _changed(commit, "stock")}
    for change in (*_changed(commit, "orders"), *_changed(commit, "reservations")):
        touched |= set(lines_of(change.after or change.before or {"items": []}))
    for sku in sorted(touched):
        row = world.tables.row("stock", sku)
        if row is None:
            continue
        sold = world.records.stocked[sku] - units_of(row)
        ordered = sum(
            lines_of(order).get(sku, (0, 0))[0]
            for order in world.tables.all("orders")
            if order["status"] != "CANCELLED"
        )
        if sold != ordered:
            told = f"{sold} units of {sku} left the shelf, live orders have {ordered}"
            yield Breach("I2", told, frozenset({sku}))
        held = _held(world, sku)
        if held != int(str(row["reserved"])):
            told = f"{row['reserved']} units of {sku} are reserved, holds in force have {held}"
            yield Breach("I2", told, frozenset({sku}))


def _held(world: "World", sku: str) -> int:
    return sum(
        lines_of(row).get(sku, (0, 0))[0]
        for row in world.tables.all("reservations")
        if row["status"] == "held"
    )


def units_of(shelf: Item) -> int:
    """Units in the house: on the shelf, and held for somebody."""
    return int(str(shelf["available"])) + int(str(shelf["reserved"]))


def i2_no_more_comes_back_than_left(_world: "World", commit: Commit) -> Iterator[Breach]:
    for change in _changed(commit, "orders"):
        order = change.after or {"items": []}
        returns: Any = order.get("returns") or ()
        back: Counter[str] = Counter()
        for entry in returns:
            ((sku, (units, _)),) = lines_of({"items": [entry]}).items()
            back[sku] += units
        lines = lines_of(order)
        for sku, units in back.items():
            if units > lines.get(sku, (0, 0))[0]:
                told = f"{units} {sku} came back from an order of {lines.get(sku, (0, 0))[0]}"
                yield Breach("I2", told, frozenset({change.key[0], sku}))


def i3_one_order_per_payment_for_ever(world: "World", commit: Commit) -> Iterator[Breach]:
    for change in _changed(commit, "orders"):
        payment = text(change.after, "paymentId") or ""
        if change.before is None and world.records.orders_made.get(payment):
            yield Breach("I3", f"{payment} became an order twice", frozenset({change.key[0]}))


def i4_first_cart_of_a_payment_stays(world: "World", commit: Commit) -> Iterator[Breach]:
    for table in ("orders", "checkouts"):
        for change in _changed(commit, table):
            digest = text(change.after, "cartDigest")
            first = world.records.first_digest.get(change.key[0], digest)
            if digest != first:
                payment = text(change.after, "paymentId")
                yield Breach(
                    "I4",
                    f"the {table[:-1]} of {payment} now is another cart than the one taken first",
                    frozenset(change.key),
                )


def i6_no_partial_order(_world: "World", commit: Commit) -> Iterator[Breach]:
    """An order comes with its decision, its guard and exactly its stock, or not at all."""
    for change in _changed(commit, "orders"):
        if change.before is not None or change.after is None:
            continue
        missing = [
            name
            for name, there in (
                ("ledger record", any(c.before is None for c in _changed(commit, "ledger"))),
                ("checkout", _confirms(commit, change.key)),
                ("stock", _taken(commit) == {s: q for s, (q, _) in lines_of(change.after).items()}),
            )
            if not there
        ]
        if missing:
            yield Breach("I6", f"an order without its {missing}", frozenset(change.key))


def _confirms(commit: Commit, key: tuple[str, ...]) -> bool:
    return any(
        change.key == key and text(change.after, "status") == "confirmed"
        for change in _changed(commit, "checkouts")
    )


def _taken(commit: Commit) -> dict[str, int]:
    taken = {
        change.key[0]: units_of(change.before) - units_of(change.after)
        for change in _changed(commit, "stock")
        if change.before is not None and change.after is not None
    }
    return {sku: units for sku, units in taken.items() if units}


def i8_an_event_is_decided_once(world: "World", commit: Commit) -> Iterator[Breach]:
    """A commit decides exactly one event, and no event is decided by two commits."""
    for change in _changed(commit, "ledger"):
        again = change.before is not None and _outbox(change.before) != _outbox(change.after)
        rewritten = change.before is not None and len(commit) > 1
        if world.records.decisions.get(change.key[0]) and (again or rewritten):
            yield Breach("I8", f"{change.key[0]} had its effects twice", _event(change))


def i11_what_is_decided_stays(_world: "World", commit: Commit) -> Iterator[Breach]:
    """Fencing: whoever lost its lease and comes late finds the record closed."""
    for change in _changed(commit, "ledger"):
        if change.before is None:
            continue
        after = change.after or {}
        back = change.before["state"] == "done" and after.get("state") != "done"
        if back or change.before["outcome"] != after.get("outcome"):
            yield Breach("I11", f"{change.key[0]} was rewritten after its decision", _event(change))


def _outbox(row: Item | None) -> object:
    return None if row is None else row.get("outbox")


def _event(change: Change) -> frozenset[str]:
    return frozenset({change.key[0].partition("#")[2]})


def i20_states_follow_their_edges(_world: "World", commit: Commit) -> Iterator[Breach]:
    for table, edges in (("orders", _ORDER_EDGES), ("checkouts", _CHECKOUT_EDGES)):
        for change in _changed(commit, table):
            before, after = text(change.before, "status"), text(change.after, "status")
            if before != after and after not in edges.get(before, set()):
                told = f"{table[:-1]} went from {before} to {after}"
                yield Breach("I20", told, frozenset(change.key))


# ------------------------------------------------------------------ at every mail
def i12_nobody_is_mailed_twice(world: "World", mail: Mail, _run: Invocation) -> Iterator[Breach]:
    """Stricter than it must be: this pipeline never repeats a send whose fate is unknown."""
    same = [
        sent
        for sent in world.records.mails
        if (sent.mail.event_id, sent.mail.to) == (mail.event_id, mail.to)
    ]
    if len(same) > 1:
        told = f"{mail.to} got {mail.template_id} {len(same)} times for one event"
        yield Breach("I12", told, frozenset({mail.event_id}))


def i13_no_confirmation_without_an_order(
    world: "World", mail: Mail, _run: Invocation
) -> Iterator[Breach]:
    if mail.template_id != "order-confirmation":
        return
    order_id = world.journal.family(mail.event_id)
    if world.tables.row("orders", order_id) is None:
        told = f"{mail.to} was told of an order that does not exist"
        yield Breach("I13", told, frozenset({mail.event_id}))


def i14_suppressed_addresses_get_no_mail(
    world: "World", mail: Mail, run: Invocation
) -> Iterator[Breach]:
    """The window that remains: a bounce recorded after the sender looked, while it sends."""
    since = world.records.suppressed_since(mail.to)
    looked = run.suppression_read
    if since is not None and (looked is None or looked > since):
        told = f"{mail.to} was mailed although it is on the suppression list"
        yield Breach("I14", told, frozenset({mail.event_id}))


# ------------------------------------------------------------------ at every answer
def i9_success_means_decided_and_told(
    world: "World", message: "Message", status: int
) -> Iterator[Breach]:
    """2xx only when the event's record is closed: never for a duplicate of something undecided."""
    if not 200 <= status < 300 or message.source is not None:
        return
    row = world.records.ledger_row(message.about)
    if text(row, "state") != "done":
        told = f"{message.kind} was answered {status} while {text(row, 'state') or 'undecided'}"
        yield Breach("I9", told, frozenset({message.about}))


def i26_genuine_deliveries_are_let_in(
    _world: "World", message: "Message", status: int
) -> Iterator[Breach]:
    if status == 401:
        told = f"a genuine delivery of {message.kind} was refused as unsigned"
        yield Breach("I26", told, frozenset({message.about}))


def i10_failed_attempt_releases_its_claim(
    world: "World", run: Invocation, response: Response
) -> Iterator[Breach]:
    """Unless Redis itself failed it: then the lease ends with the invocation's time."""
    if run.redis_failed or world.redis.down:
        return
    for key, lease in run.leases.items():
        if world.redis.get(key) == lease:
            status = response.get("statusCode")
            told = f"{run.who} answered {status} and still holds the claim {key}"
            yield Breach("I10", told, frozenset({run.subject or ""}))


def i18_messages_go_to_configured_addresses(
    destination: str, kind: str, event_id: str
) -> Iterator[Breach]:
    if destination != URLS[topic_of(kind).value]:
        told = f"{kind} was sent to {destination}"
        yield Breach("I18", told, frozenset({event_id}))


def i18_an_event_goes_where_its_own_type_belongs(
    destination: str, body: str, event_id: str
) -> Iterator[Breach]:
    """Whatever its message's headers and its dead letter say of it."""
    try:
        values = json.loads(body)
    except ValueError:
        return
    kind = values.get("eventType") if isinstance(values, dict) else None
    if isinstance(kind, str) and destination != URLS[topic_of(kind).value]:
        yield Breach("I18", f"an event {kind} was sent to {destination}", frozenset({event_id}))


ON_COMMIT = (
    i1_stock_is_never_negative,
    i2_shelves_and_orders_add_up,
    i2_no_more_comes_back_than_left,
    i3_one_order_per_payment_for_ever,
    i4_first_cart_of_a_payment_stays,
    i6_no_partial_order,
    i8_an_event_is_decided_once,
    i11_what_is_decided_stays,
    i20_states_follow_their_edges,
    order_of_events.i28_nothing_is_dropped_that_can_still_happen,
    strangers.i20_a_lapse_never_wins_over_a_step_that_came_first,
)
ON_MAIL = (
    i12_nobody_is_mailed_twice,
    i13_no_confirmation_without_an_order,
    i14_suppressed_addresses_get_no_mail,
)
ON_ANSWER = (
    i9_success_means_decided_and_told,
    i26_genuine_deliveries_are_let_in,
    order_of_events.i28_nothing_is_refused_for_good_that_can_still_come,
    order_of_events.i29_an_id_says_one_thing,
)
