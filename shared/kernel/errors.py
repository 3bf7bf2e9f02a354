"""Every error of the pipeline, as one tree whose classes decide status and retryability.

Callers branch on the class, never on the text. ``status`` is what a direct HTTP caller sees; the
spine answers QStash from ``retryable`` (see ``shared.messaging.consumer``). ``code`` is the stable name that
storefronts may rely on.
"""

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

Details: TypeAlias = dict[str, str | list[dict[str, str]]]


class PipelineError(Exception):
    """Root of the tree: something the pipeline itself decided to refuse or could not do."""

    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = True
    code: ClassVar[str] = "internal_error"
    # Seconds after which asking again makes sense, where the class or the code that raises it knows.
    retry_after: int | None = None

    def details(self) -> Details:
        """What a caller may know beside code and message, such as the field and the rule."""
        return {}


class ConfigurationError(PipelineError):
    """The function cannot start: names every missing or unusable setting at once."""

    code = "misconfigured"

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        listed = "; ".join(f"{name}: {rule}" for name, rule in sorted(problems.items()))
        super().__init__(f"configuration is incomplete: {listed}")


class UnreadableRowError(PipelineError):
    """A stored row, or an entry of a queue, makes no sense; the others beside it are not concerned.

    Args:
        where: the table or the queue.
        key: what the row is known by there.
        problem: what went wrong in reading it, without any of its values.
    """

    code = "unreadable_row"

    def __init__(self, where: str, key: str, problem: str) -> None:
        self.where, self.key = where, key
        super().__init__(f"{where}: {key} cannot be read: {problem}")


class UnauthenticatedError(PipelineError):
    """A delivery that QStash did not sign for this URL. ``cause`` is for the log only (S29)."""

    status = 401
    retryable = True
    code = "unauthenticated"

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)


class AllowanceUsedError(PipelineError):
    """The caller ordered as much within this hour as the stage lets one caller order (S37).

    Args:
        message: the rule.
        retry_after: seconds until the next hour begins.
    """

    status = 429
    retryable = True
    code = "allowance_used"

    def __init__(self, message: str, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message)


# ------------------------------------------------------------------ permanent: retrying is useless
class PermanentError(PipelineError):
    """The same message can never succeed: QStash must not retry it."""

    status = 400
    retryable = False
    code = "refused"


class InvalidInputError(PermanentError):
    """A value breaks a rule; both are named.

    Args:
        field: path of the value as the sender wrote it, such as ``items[0].quantity``.
        rule: what would have been accepted, in a sentence fragment.
        others: further fields and rules found in the same input.
    """

    code = "invalid_field"

    def __init__(self, field: str, rule: str, *, others: tuple[tuple[str, str], ...] = ()) -> None:
        self.field = field
        self.rule = rule
        self.others = others
        super().__init__(f"{field}: {rule}")

    def details(self) -> Details:
        """The field and the rule it breaks, then the others."""
        first: Details = {"field": self.field, "rule": self.rule}
        if self.others:
            first["others"] = [{"field": field, "rule": rule} for field, rule in self.others]
        return first


class InvalidJsonError(InvalidInputError):
    """The body is not the strict JSON that the pipeline reads."""

    code = "invalid_json"


class UnsupportedVersionError(PermanentError):
    """The envelope's major version is not one that this code knows (I25)."""

    code = "unsupported_version"


class UnknownEventTypeError(PermanentError):
    """No use case of this topic handles the event type."""

    code = "unknown_event_type"


class EventIdReusedError(PermanentError):
    """The event's id already names an event of another type or payload, and that one stays (I29)."""

    status = 409
    code = "event_id_reused"
    rule: ClassVar[str] = "must be new: it already names an event that says something else"

    def __init__(self, message: str = f"eventId: {rule}") -> None:
        super().__init__(message)

    def details(self) -> Details:
        """The field and the rule it breaks; nothing of either event."""
        return {"field": "eventId", "rule": self.rule}


class PaymentReusedError(PermanentError):
    """The payment already belongs to another checkout; that one stays as it is (I4, I29).

    Args:
        fields: what this request says otherwise than the first one, as its sender wrote it; never
            what either of them says.
    """

    status = 409
    code = "payment_reused"
    rule: ClassVar[str] = "must be what the first request of this payment said"

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        named = ", ".join(self.fields)
        super().__init__(
            f"paymentId: already belongs to another checkout, which differs in {named}"
        )

    def details(self) -> Details:
        """The fields that differ, and the rule."""
        first, *others = self.fields
        known: Details = {"field": first, "rule": self.rule}
        if others:
            known["others"] = [{"field": field, "rule": self.rule} for field in others]
        return known


class StoredFactError(PermanentError):
    """An event says otherwise than what is stored of its order; what is stored stays.

    Args:
        fields: what it says otherwise, as its sender wrote it; never what either of them says.
    """

    status = 409
    code = "contradicts_order"
    rule: ClassVar[str] = "must be what is stored of the order"

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(f"{', '.join(self.fields)}: {self.rule}")

    def details(self) -> Details:
        """The fields that differ, and the rule."""
        first, *others = self.fields
        known: Details = {"field": first, "rule": self.rule}
        if others:
            known["others"] = [{"field": field, "rule": self.rule} for field in others]
        return known


class ReservationConflictError(PermanentError):
    """The order already has something else reserved, or bought it; that stays as it is."""

    status = 409
    code = "reservation_conflict"


class OutOfStockError(PermanentError):
    """Fewer units are available than the cart asks for."""

    status = 409
    code = "out_of_stock"

    def __init__(self, field: str, sku: str, available: int) -> None:
        self.field, self.sku, self.available = field, sku, available
        super().__init__(f"{field}: only {available} of {sku} available")

    def details(self) -> Details:
        """The line, its SKU and how many units could be ordered."""
        return {"field": self.field, "sku": self.sku, "available": str(self.available)}


class PriceChangedError(PermanentError):
    """The client's price or total is not the catalogue's; the right one is named (I19)."""

    status = 409
    code = "price_changed"

    def __init__(self, field: str, expected: str) -> None:
        self.field, self.expected = field, expected
        super().__init__(f"{field}: the catalogue says {expected}")

    def details(self) -> Details:
        """The field and the amount that would be accepted."""
        return {"field": self.field, "rule": "must equal the catalogue", "expected": self.expected}


class NotFoundError(PermanentError):
    """What was asked for does not exist; says nothing more (S20)."""

    status = 404
    code = "not_found"


class SignInRequiredError(PermanentError):
    """The storefront's shoppers sign in, and this request names none: its token has no ``sub``."""

    status = 401
    code = "sign_in_required"


class ForeignUserError(PermanentError):
    """The request speaks for another user than the one who signed in.

    Args:
        field: where the other one is named.
    """

    status = 403
    code = "foreign_user"
    rule: ClassVar[str] = "must be the sub of the token"

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"{field}: {self.rule}")

    def details(self) -> Details:
        """The field and the rule it breaks; neither of the two users."""
        return {"field": self.field, "rule": self.rule}


class CheckoutUndecidedError(PermanentError):
    """There is no order yet that could be changed; a moment later there is, or there never is."""

    status = 409
    code = "checkout_undecided"
    retry_after = 1


class CheckoutRejectedError(PermanentError):
    """The checkout never became an order, so there is nothing to change; its refund is under way."""

    status = 409
    code = "checkout_rejected"


class AlreadyShippedError(PermanentError):
    """The order left before it could be changed."""

    status = 409
    code = "already_shipped"


class AlreadyCancelledError(PermanentError):
    """The order is cancelled: nothing of it can be changed any more."""

    status = 409
    code = "already_cancelled"


class CorrectionsUsedError(PermanentError):
    """The customer corrected this order as often as a customer may; the shop still can (S40)."""

    status = 409
    code = "corrections_used"


class MethodNotAllowedError(PermanentError):
    """The path exists but not with this HTTP method."""

    status = 405
    code = "method_not_allowed"


class MailRefusedError(PermanentError):
    """The mail service will never take this mail."""

    code = "mail_refused"


class MessageRefusedError(PermanentError):
    """The message service will never take this text or push message."""

    code = "message_refused"


class EndpointGoneError(MessageRefusedError):
    """The device behind a push endpoint does not take messages any more."""

    code = "endpoint_gone"


class OptedOutError(MessageRefusedError):
    """The owner of the number asked for no more texts."""

    code = "opted_out"


class PayloadTooLargeError(PermanentError):
    """The body is larger than this endpoint reads (S9)."""

    status = 413
    code = "payload_too_large"


class UnsupportedMediaTypeError(PermanentError):
    """The body is not declared as JSON (S30)."""

    status = 415
    code = "unsupported_media_type"


class UnsupportedEncodingError(PermanentError):
    """The body is not plain UTF-8: compressed, or in another encoding, or declared to be.

    Args:
        field: what says so: ``body``, or the name of a header.
        rule: what would have been accepted, and what was found.
    """

    status = 415
    code = "unsupported_encoding"

    def __init__(self, field: str, rule: str) -> None:
        self.field, self.rule = field, rule
        super().__init__(f"{field}: {rule}")

    def details(self) -> Details:
        """The field and the rule it breaks."""
        return {"field": self.field, "rule": self.rule}


# ------------------------------------------------------------------ transient: try again later
class TransientError(PipelineError):
    """May succeed later.

    Args:
        message: what happened.
        retry_after: seconds after which a retry makes sense.
    """

    status = 503
    retryable = True
    code = "try_again"
    # How much longer to wait after each further failure.
    growth: ClassVar[int] = 1
    retry_after: int

    def __init__(self, message: str, *, retry_after: int = 2) -> None:
        self.retry_after = retry_after
        super().__init__(message)

    def wait(self, failed_before: int, most: int) -> int:
        """Seconds to ask for, after so many failures before this one."""
        return min(most, int(self.retry_after * self.growth**failed_before))


class BusyError(TransientError):
    """Another run holds this event and is still undecided (I9)."""

    code = "busy"


class PredecessorMissingError(TransientError):
    """What the event speaks of is not there yet, and can still come: the event waits for it (I28).

    A predecessor that is under way comes within seconds. One that failed comes when it is delivered
    again, and so does this event: as a dead letter whose way was blocked.
    """

    growth = 6
    code = "awaiting_predecessor"

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=5)


class ContentionError(TransientError):
    """Other writers kept winning the same items for as long as this run could wait."""

    code = "contention"


class DependencyError(TransientError):
    """A service that the pipeline needs did not answer, or refused for now.

    QStash's own few retries are over within seconds; an outage lasts minutes. We ask QStash to wait
    ten times longer after each failure, so the same number of retries outlives the outage.
    """

    growth = 10

    code = "dependency_unavailable"


class ServiceNotReadyError(DependencyError):
    """A service refuses until an operator corrects a setting there: no message is the cause.

    Args:
        message: what to put right.
    """

    growth = 1
    code = "service_not_ready"

    def __init__(self, message: str, *, retry_after: int = 300) -> None:
        super().__init__(message, retry_after=retry_after)


class PublishError(DependencyError):
    """QStash did not accept every event of a batch; the outbox still holds them."""

    code = "publish_failed"


class DeliveryUnknownError(TransientError):
    """An effect outside our stores may or may not have happened (I12)."""

    code = "delivery_unknown"


class RecipientCappedError(TransientError):
    """The recipient was told enough within this hour, and is told the rest later (S17)."""

    code = "recipient_cap"

    def wait(self, _failed_before: int, _most: int) -> int:
        """Seconds until the next hour, however long: an earlier try would be in vain, and use up
        one of the few."""
        return self.retry_after
