"""What an omniscient observer wrote down: the evidence that the invariants are checked against."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from functions.inventory.domain import rearm_level
from functions.notifications.channels.email.mail import Mail
from ops.core.operator_ledger import CONSUMER
from shared.contracts.topics import topic_of
from shared.kernel import strict_json
from shared.kernel.errors import PermanentError
from shared.telemetry.measurement import Measure
from tests.order_ids import order_id_for
from tests.simulation import always
from tests.simulation.invocation import Invocation, Response
from tests.simulation.journal import Breach
from tests.simulation.storage import Change, Commit, text

if TYPE_CHECKING:
    from tests.simulation.fleet import Instance
    from tests.simulation.qstash import Message
    from tests.simulation.world import World


@dataclass(frozen=True)
class SentMail:
    """A mail in somebody's mailbox."""

    mail: Mail
    at: float


@dataclass
class Cart:
    """A cart that somebody asked to be ordered.

    Args:
        lines: SKU to quantity and price.
        tampered: asks for a price that the catalogue never had.
    """

    payment_id: str
    lines: dict[str, tuple[int, Decimal]]
    total: Decimal
    body: dict[str, Any]
    tampered: bool = False

    @property
    def user_id(self) -> str:
        """Who signed in to buy it."""
        return str(self.body["userId"])

    @property
    def order_id(self) -> str:
        """The one order that the payment can become."""
        return order_id_for(self.payment_id)


@dataclass
class Request:
    """A shopper's checkout, and what the shop said to it.

    Args:
        correlation: the header ``X-Correlation-ID``, if it has one.
    """

    cart: Cart
    answers: list[int] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    correlation: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the shop ever answered 202."""
        return 202 in self.answers


class Records:
    """The evidence. Checks that hold always are made at the moment they can be broken."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.breaches: list[Breach] = []
        self.surprises: list[str] = []
        self.mails: list[SentMail] = []
        self.measures: list[tuple[str, str, Measure]] = []
        self.requests: list[Request] = []
        self.bodies: dict[str, dict[str, Any]] = {}
        self.decisions: dict[str, int] = {}
        self.learned: list[str] = []
        self.orders_made: dict[str, int] = {}
        self.first_digest: dict[str, str] = {}
        self.initial: dict[str, int] = {}
        self.stocked: dict[str, int] = {}
        self.prices: dict[str, set[Decimal]] = {}
        self.falls: dict[str, int] = {}
        self.fallen: set[str] = set()
        self.suppressed: dict[str, float] = {}
        self.strangers: list[str] = []
        self.hearsay: list[str] = []
        self.called_off: set[str] = set()
        self.odd: set[str] = set()
        self.said: dict[str, list[Any]] = {}
        self.committed_key = ""

    # ------------------------------------------------------------------ told by the world
    def breach(self, found: Iterable[Breach]) -> None:
        """Note what is broken, and let the world stop to tell the story."""
        for breach in found:
            self.breaches.append(breach)
            self._world.scheduler.halted = True

    def committed(self, commit: Commit) -> None:
        """A transaction took effect."""
        if any(text(change.after, "consumer") == CONSUMER for change in commit):
            self._operated(commit)
        for change in commit:
            if change.table == "ledger" and change.before is None:
                self.committed_key = change.key[0]
            elif change.table == "stock":
                self._moved(change.key[0], change.before, change.after)
            elif change.key[0].startswith("suppressed#") and change.before is None:
                self.suppressed[_mailbox(text(change.after, "to"))] = self._world.now
        for check in always.ON_COMMIT:
            self.breach(check(self._world, commit))
        for change in commit:
            self._remember(change)

    def _operated(self, commit: Commit) -> None:
        """Units came or went by an operator's hand, and nobody's order has them."""
        for change in commit:
            if change.table == "stock" and change.before is not None and change.after is not None:
                before, after = change.before["available"], change.after["available"]
                self.stocked[change.key[0]] += int(str(after)) - int(str(before))

    def _remember(self, change: Change) -> None:
        new = change.before is None
        if change.table == "ledger" and new:
            self.decisions[change.key[0]] = self.decisions.get(change.key[0], 0) + 1
        if change.table == "orders" and new:
            payment = text(change.after, "paymentId") or ""
            self.orders_made[payment] = self.orders_made.get(payment, 0) + 1
        if change.table in {"orders", "checkouts"}:
            digest = text(change.after, "cartDigest")
            if digest is not None:
                self.first_digest.setdefault(change.key[0], digest)

    def _moved(self, sku: str, before: Any, after: Any) -> None:
        if before is None or after is None:
            return
        available, threshold = int(after["available"]), int(after["threshold"])
        if available <= threshold and sku not in self.fallen:
            self.falls[sku] = self.falls.get(sku, 0) + 1
            self.fallen.add(sku)
        elif available >= rearm_level(threshold):
            self.fallen.discard(sku)
        self.prices.setdefault(sku, set()).add(Decimal(str(after["price"])))

    def published(self, destination: str, headers: Mapping[str, str], body: str) -> None:
        """QStash was handed a message."""
        event_id = headers.get("upstash-forward-x-event-id", "")
        kind = headers.get("upstash-forward-x-event-type", "")
        self._learn_of(event_id, kind, body)
        self.breach(always.i18_messages_go_to_configured_addresses(destination, kind, event_id))
        self.breach(
            always.i18_an_event_goes_where_its_own_type_belongs(destination, body, event_id)
        )

    def _learn_of(self, event_id: str, kind: str, body: str) -> None:
        if event_id in self.bodies:
            return
        try:
            values = strict_json.loads(body.encode(), max_bytes=300_000)
        except PermanentError:
            values = None
        self.bodies[event_id] = {"eventType": kind} | (values if isinstance(values, dict) else {})
        payload = self.bodies[event_id].get("payload")
        payload = payload if isinstance(payload, dict) else {}
        payment, order = payload.get("paymentId"), payload.get("orderId")
        data = payload.get("templateData")
        order = order or (data.get("orderId") if isinstance(data, dict) else None)
        family = order_id_for(payment) if isinstance(payment, str) else order
        if isinstance(family, str):
            self._world.journal.belongs(event_id, family)

    def mailed(self, mail: Mail, run: Invocation) -> None:
        """The mail service took a mail."""
        self.mails.append(SentMail(mail, self._world.now))
        for check in always.ON_MAIL:
            self.breach(check(self._world, mail, run))

    def suppressed_since(self, address: str) -> float | None:
        """When an address came onto the suppression list."""
        return self.suppressed.get(_mailbox(address))

    def measured(self, function: str, event_id: str, measure: Measure) -> None:
        """A business metric was written."""
        self.measures.append((function, event_id, measure))

    def surprise(self, run: Invocation, error: BaseException) -> None:
        """Product code failed in a way that nobody injected."""
        told = f"{type(error).__name__} in {run.who}: {error}"
        run.note(f"fails unexpectedly: {type(error).__name__}: {error}")
        self.surprises.append(told)

    def answered(self, message: "Message", status: int) -> None:
        """A genuine delivery was answered."""
        for check in always.ON_ANSWER:
            self.breach(check(self._world, message, status))

    def ended(self, instance: "Instance", run: Invocation, response: Response | None) -> None:
        """An invocation is over; without a response it was killed or failed."""
        if self._world.scheduler.halted:
            return
        self.learned += [key for key in run.learned if key]
        if response is not None:
            self.breach(always.i10_failed_attempt_releases_its_claim(self._world, run, response))

    # ------------------------------------------------------------------ asked by invariants
    def topic(self, event_id: str) -> str:
        """Where an event goes."""
        return topic_of(str(self.bodies.get(event_id, {}).get("eventType", ""))).value

    def ledger_row(self, event_id: str) -> Any:
        """What the event's consumer recorded of it."""
        return self._world.tables.row("ledger", f"{self.topic(event_id)}#{event_id}")


def _mailbox(address: str | None) -> str:
    # Not by the product's own digest: a bug in that one must not hide itself.
    return (address or "").lower()
