"""People without a right to what they ask for, and the verdicts on what they get (S20, S36, S39)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.client.checkout import sign_checkout
from shared.kernel.ids import lapse_event_id_for
from shared.messaging.standard_webhooks import SIGNATURE
from shared.storage.bounded import entries
from shared.storage.writes import Item
from tests.builders import body_of, request, vouched
from tests.signing import CHECKOUT_KEY
from tests.simulation.invocation import Response
from tests.simulation.journal import Breach
from tests.simulation.storage import Commit, text

if TYPE_CHECKING:
    from tests.simulation.world import World

WHO = "stranger-"
# Of a request, so that nothing is taken which its sender did not pay for.
FORGERIES = ("unsigned", "forged", "another body", "another key", "signed in", "late")
_OTHER_KEY = "whsec_" + "MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXY="
OTHER_CONTACT = {
    "customerName": "A Stranger",
    "customerEmail": "stranger@example.net",
    "customerAddress": "1 Stranger Street",
}


@dataclass
class Recorded:
    """What eavesdroppers recorded of genuine requests: body and headers, as they were sent."""

    requests: list[tuple[bytes, Mapping[str, str]]] = field(default_factory=list)


def signed(world: "World", body: bytes, **how: Any) -> Mapping[str, str]:
    """The headers of the shop's server at this moment."""
    moment = world.wall_clock()
    how = {"key": CHECKOUT_KEY, "now": lambda: moment, **how}
    return sign_checkout(body, new_id=lambda: world.new_event_id("request"), **how)


# ------------------------------------------------------------------ deeds
def rob(world: "World", victim: Mapping[str, Any], kind: str) -> None:
    """A stranger wants a victim's payment to pay for an order of the stranger's own."""
    who = f"{WHO}{kind.replace(' ', '-')}"
    stolen = {**victim, **OTHER_CONTACT, "userId": who}
    body = body_of(stolen)
    ways: Mapping[str, Callable[[], Mapping[str, str]]] = {
        "unsigned": dict,
        "signed in": dict,
        "forged": lambda: {**signed(world, body), SIGNATURE: "v1,AAAA"},
        "another body": lambda: signed(world, body_of(dict(victim))),
        "another key": lambda: signed(world, body, key=_OTHER_KEY),
        "late": lambda: signed(world, body, now=lambda: world.wall_clock() - 400),
    }
    call = request(body, headers=dict(ways[kind]()), path="/api/checkout")
    vouched(call, who if kind == "signed in" else None)
    world.note("a stranger", f"posts a cart for {victim['paymentId']}: {kind}")
    _ask(world, call, {401}, f"a checkout of a stranger ({kind})")


def replay(world: "World", body: bytes, headers: Mapping[str, str]) -> None:
    """An eavesdropper sends a genuine request again, as it was."""
    world.note("a stranger", "sends a recorded request again")
    world.tally.add("strangers")
    call = request(body, headers=dict(headers), path="/api/checkout")
    world.fleet.invoke("checkout", call)


def cancel(world: "World", order_id: str) -> None:
    """A stranger who signed in cancels a victim's order."""
    call = request(b"{}", path=f"/api/checkout/{order_id}/cancel")
    call["pathParameters"] = {"orderId": order_id}
    vouched(call, f"{WHO}cancels")
    world.note("a stranger", "cancels another's order", order_id)
    _ask(world, call, {404}, "a cancellation of a stranger", order_id)


def _ask(
    world: "World", call: dict[str, Any], allowed: set[int], what: str, order_id: str | None = None
) -> None:
    world.tally.add("strangers")

    def hear(answer: Response | None) -> None:
        if answer is None or "x-simulated-platform" in answer["headers"]:
            return
        status = int(answer["statusCode"])
        # Where the store does not answer, nothing is told.
        if status not in allowed | {503}:
            subjects = frozenset({order_id} if order_id else ())
            world.records.breach([Breach("S36", f"{what} was answered {status}", subjects)])

    world.fleet.invoke("checkout", call, on_answer=hear, subject=order_id)


# ------------------------------------------------------------------ verdicts
def i20_a_lapse_never_wins_over_a_step_that_came_first(
    _world: "World", commit: Commit
) -> Iterator[Breach]:
    for change in commit:
        if change.table != "orders" or change.before is None or change.after is None:
            continue
        before, after = text(change.before, "status"), text(change.after, "status")
        if after != "CANCELLED" or before in {"PENDING", "CANCELLED"}:
            continue
        newest = entries(change.after, "timeline")[-1]
        if newest["eventId"] == lapse_event_id_for(change.key[0]):
            told = f"an order lapsed although it was {before}"
            yield Breach("I20", told, frozenset(change.key))


def s36_no_order_of_a_stranger(world: "World") -> Iterator[Breach]:
    """Where the shop signs: no row is a stranger's, and each says that the shop vouched."""
    if not world.stage.signed:
        return
    for table in ("checkouts", "orders"):
        for row in world.tables.all(table):
            order_id, user = str(row["orderId"]), str(row.get("userId", ""))
            if user.startswith(WHO):
                told = f"{row['paymentId']} became a row of {table} for {user}"
                yield Breach("S36", told, frozenset({order_id}))
            if table == "orders" and row.get("trust") != "signed":
                told = f"an order says {row.get('trust')} of its payment"
                yield Breach("S36", told, frozenset({order_id}))


def s39_nothing_waits_for_ever(world: "World") -> Iterator[Breach]:
    """At rest every order that nothing confirmed has lapsed, or its lapse is a dead letter."""
    if world.stage.lapses_after is None:
        return
    for order in world.tables.all("orders"):
        order_id = str(order["orderId"])
        failed = world.tables.row("dead_letters", lapse_event_id_for(order_id)) is not None
        if order["status"] == "PENDING" and not failed:
            yield Breach("S39", "an order that nothing confirmed stays", frozenset({order_id}))


def lapsed_unvouched(order: Item | None) -> bool:
    """Whether an order lapsed whose payment a stranger may have named: no money goes back."""
    return order is not None and order.get("trust") != "signed" and has_lapsed(order)


def has_lapsed(order: Item) -> bool:
    """Whether an order was cancelled because nothing confirmed it."""
    applied = [entry for entry in entries(order, "timeline") if entry["verdict"] == "applied"]
    lapse = lapse_event_id_for(str(order["orderId"]))
    return any(entry["eventId"] == lapse for entry in applied)
