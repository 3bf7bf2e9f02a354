"""The product's metrics as data: code writes them, dashboard and alarms plot them, docs list them.

CloudWatch keeps, and charges for, one series per metric and combination of dimension values. So a
measurement is only made through an entry of this table, and a value that is not in a dimension's
closed set counts as ``other``: the number of series is known when this file is read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import prod
from types import MappingProxyType

from shared.commerce.order_status import LIFECYCLE
from shared.contracts.channels import CHANNELS, Channel
from shared.contracts.topics import Topic
from shared.telemetry.measurement import Duration, Measure, Unit

NAMESPACE = "OrderPipeline"
OTHER = "other"
# On every metric, set where it is written: the function's name.
SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Args:
        written_by: the services that write it, as in dimension ``service``.
        dimensions: the closed set of values of each further dimension.
    """

    name: str
    meaning: str
    written_by: tuple[str, ...]
    unit: Unit = "Count"
    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, value: Decimal | int, /, **dimensions: str) -> Measure:
        """A measurement with exactly the declared dimensions.

        A value outside its set, or none at all, is ``other``; what is not declared is left out.
        """
        return Measure(self.name, value, self.folded(dimensions), self.unit)

    def since(self, start: datetime, until: datetime | None = None) -> Duration:
        """The time from ``start`` until then, or until the decision is durable."""
        return Duration(self.name, start, until)

    def folded(self, given: Mapping[str, str]) -> dict[str, str]:
        """The declared dimensions with values of their closed sets."""
        return {
            name: value if (value := given.get(name, OTHER)) in allowed else OTHER
            for name, allowed in self.dimensions.items()
        }

    def values(self, dimension: str) -> tuple[str, ...]:
        """Every value that the dimension can have, ``other`` included."""
        return (*self.dimensions[dimension], OTHER)

    @property
    def series(self) -> int:
        """The most series it can have."""
        combinations = prod(len(allowed) + 1 for allowed in self.dimensions.values())
        return len(self.written_by) * combinations


TOPICS = tuple(topic.value for topic in Topic)
SERVICES = (*TOPICS, "checkout", "reconciler")
STATUSES = tuple(state.status for state in LIFECYCLE)
# A test holds these against the contract and the templates: importing them here would make every
# cold start build models that the function never uses.
REJECTIONS = ("out_of_stock", "price_changed", "unknown_product")
REFUNDS = (*REJECTIONS, "cancelled")
TEMPLATES = (
    "order-confirmation",
    "order-rejected",
    "order-confirmed",
    "order-shipped",
    "order-delivered",
    "order-cancelled",
    "order-corrected",
    "order-corrected-notice",
    "low-stock-alert",
)
# The values of the dimensions that a channel may declare by name.
_CHANNEL_DIMENSIONS = {"template": TEMPLATES}


def _sends(channel: Channel) -> Mapping[str, Metric]:
    dimensions = {name: _CHANNEL_DIMENSIONS[name] for name in channel.by}
    return {
        outcome: Metric(
            f"{channel.metric}{outcome.capitalize()}",
            meaning,
            ("notifications",),
            dimensions=dimensions,
        )
        for outcome, meaning in channel.counted.items()
    }


# ------------------------------------------------------------------ orders and money
CHECKOUTS_ACCEPTED = Metric("CheckoutsAccepted", "checkouts answered with 202", ("checkout",))
CHECKOUTS_REFUSED = Metric(
    "CheckoutsRefused", "requests to the API that were the caller's fault", ("checkout",)
)
CHECKOUTS_FAILED = Metric(
    "CheckoutsFailed", "requests that were told to try again later", ("checkout",)
)
CANCELLATIONS_ACCEPTED = Metric(
    "CancellationsAccepted", "cancellations that a customer was promised", ("checkout",)
)
CORRECTIONS_ACCEPTED = Metric(
    "CorrectionsAccepted", "corrections that a customer was promised", ("checkout",)
)
ORDERS_CREATED = Metric("OrdersCreated", "paid carts that became orders", ("commands",))
REVENUE = Metric("Revenue", "what those orders cost, in the shop's currency", ("commands",), "None")
ORDERS_REJECTED = Metric(
    "OrdersRejected",
    "paid carts that did not become orders",
    ("commands",),
    dimensions={"reason": REJECTIONS},
)
ORDERS_MOVED = Metric(
    "OrdersMoved", "steps in the life of orders", ("orders",), dimensions={"status": STATUSES}
)
ORDERS_CANCELLED = Metric(
    "OrdersCancelled",
    "cancelled orders, by who said so",
    ("orders",),
    dimensions={"by": ("user", "system", "admin")},
)
MOVES_IGNORED = Metric(
    "MovesIgnored",
    "lifecycle events that changed nothing, by verdict",
    ("orders",),
    dimensions={"verdict": ("repeated", "late", "capped")},
)
TRACKING_CORRECTIONS = Metric(
    "TrackingCorrections", "parcels whose number or carrier was corrected", ("orders",)
)
CONTACT_CORRECTIONS = Metric(
    "ContactCorrections",
    "orders whose contact data was corrected, by who said so",
    ("orders",),
    dimensions={"by": ("user", "admin")},
)
REFUNDS_REQUESTED = Metric(
    "RefundsRequested",
    "payments that must go back",
    ("orders",),
    dimensions={"reason": REFUNDS},
)

# ------------------------------------------------------------------ how fast
CHECKOUT_TO_CONFIRMATION = Metric(
    "CheckoutToConfirmation",
    "from the API's acceptance to the committed order",
    ("commands",),
    "Milliseconds",
)
CHECKOUT_TO_MAIL = Metric(
    "CheckoutToMail",
    "from the API's acceptance to the confirmation mail being taken by SES",
    ("notifications",),
    "Milliseconds",
)
CLOCK_SKEWS = Metric(
    "ClockSkews",
    "times that came out negative and were counted as zero",
    ("commands", "notifications"),
)

# ------------------------------------------------------------------ stock
HOLDS_PLACED = Metric("HoldsPlaced", "reservations that were granted", ("commands",))
HOLDS_REFUSED = Metric("HoldsRefused", "reservations that were refused", ("commands",))
HOLDS_RELEASED = Metric(
    "HoldsReleased",
    "reservations that were given back",
    ("commands",),
    dimensions={"reason": ("cancelled", "failed", "timeout")},
)
LOW_STOCK_ALERTS = Metric("LowStockAlerts", "falls of a SKU to its threshold", ("inventory",))

# ------------------------------------------------------------------ telling customers
SENDS: Mapping[Channel, Mapping[str, Metric]] = MappingProxyType(
    {channel: _sends(channel) for channel in CHANNELS}
)
"""By channel and outcome of a send, as the channel declares it."""
RECIPIENT_CAPPED = Metric(
    "RecipientCapped", "messages put off, because the recipient got enough", ("notifications",)
)
MAIL_SUPPRESSIONS = Metric(
    "MailSuppressions", "reports of bounces and complaints", ("notifications",)
)

# ------------------------------------------------------------------ deliveries
EVENTS_HANDLED = Metric("EventsHandled", "deliveries that were decided and committed", TOPICS)
DUPLICATES_SKIPPED = Metric(
    "DuplicatesSkipped", "deliveries of events that were handled before", TOPICS
)
TRANSIENT_FAILURES = Metric(
    "TransientFailures", "deliveries that QStash was asked to repeat", TOPICS
)
PERMANENT_FAILURES = Metric("PermanentFailures", "deliveries that were refused for good", TOPICS)
FAILURES = Metric("Failures", "deliveries that a misconfiguration stopped", TOPICS)
UNEXPECTED_FAILURES = Metric("UnexpectedFailures", "bugs, answered with 500", (*TOPICS, "checkout"))
SIGNATURE_REFUSED = Metric("SignatureRefused", "deliveries without a valid signature", TOPICS)
DEAD_LETTERS = Metric(
    "DeadLetters",
    "events that were given up, by their topic",
    ("analytics", "reconciler"),
    dimensions={"topic": TOPICS},
)
DEAD_LETTERS_REFUSED = Metric(
    "DeadLettersRefused",
    "dead letters that came to wait for a person: our code refused the event for good",
    ("analytics", "reconciler"),
    dimensions={"topic": TOPICS},
)
DEAD_LETTERS_REDELIVERED = Metric(
    "DeadLettersRedelivered",
    "deliveries of dead letters, after the platform was in the way, that needed no person",
    ("reconciler",),
)
DEAD_LETTERS_PERSISTING = Metric(
    "DeadLettersPersisting",
    "those of them whose dead letter was delivered in vain for more than an hour",
    ("reconciler",),
)
UNDECLARED_METRICS = Metric(
    "UndeclaredMetrics",
    "`analytics.metric` events whose metric this deployment does not declare",
    ("analytics",),
)

# ------------------------------------------------------------------ dependencies, and what is owed
DEPENDENCY_ERRORS = Metric("DependencyErrors", "calls that DynamoDB did not answer", SERVICES)
PUBLISH_ERRORS = Metric("PublishErrors", "batches that QStash did not take", SERVICES)
REDIS_UNAVAILABLE = Metric("RedisUnavailable", "calls that Redis did not answer", TOPICS)
CHECKOUTS_UNPUBLISHED = Metric(
    "CheckoutsUnpublished", "accepted checkouts that QStash did not take yet", ("checkout",)
)
OLDEST_PENDING_SECONDS = Metric(
    "OldestPendingSeconds",
    "age of what is owed longest, zero if nothing",
    ("reconciler",),
    "Seconds",
)
MESSAGES_WAITING = Metric(
    "MessagesWaiting",
    "messages that wait at QStash for a place of their topic's function",
    ("reconciler",),
    dimensions={"topic": TOPICS},
)
OUTBOXES_REPUBLISHED = Metric(
    "OutboxesRepublished", "outboxes that the reconciler published", ("reconciler",)
)
COMMANDS_REPUBLISHED = Metric(
    "CommandsRepublished", "checkout commands that the reconciler repeated", ("reconciler",)
)
CHECKOUTS_STUCK = Metric("CheckoutsStuck", "checkouts that the reconciler gave up", ("reconciler",))
LAPSES_PUBLISHED = Metric(
    "LapsesPublished",
    "cancellations of orders that nothing confirmed in time, as the reconciler published them",
    ("reconciler",),
)
RECONCILE_FAILURES = Metric(
    "ReconcileFailures", "steps of the reconciler that failed", ("reconciler",)
)


def _metrics_in(entry: object) -> Iterable[Metric]:
    if entry is SENDS:
        return [metric for sends in SENDS.values() for metric in sends.values()]
    return [entry] if isinstance(entry, Metric) else []


METRICS: Mapping[str, Metric] = MappingProxyType(
    {found.name: found for entry in tuple(globals().values()) for found in _metrics_in(entry)}
)
