"""Taking an address off the suppression list: ours, and the one that SES keeps for the account."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from functions.notifications.channels.email.reports import bare_address
from functions.notifications.domain import digest_of
from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.mail.store import Suppression, SuppressionTables, removal_write
from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.audit_actions import AuditAction
from shared.kernel.errors import DependencyError, PipelineError
from shared.kernel.ids import caused_event_id, is_id
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.messaging.outbox import Emit
from shared.storage.ports import Tables

Outcome = Literal["removed", "would be removed", "is not on the list"]


class ProviderList(Protocol):
    """The suppression list of the mail service itself."""

    def remove(self, address: str) -> bool:
        """Take the address off; False if it is not on it.

        Raises:
            OperatorError: the operator may not do that.
            DependencyError: the service did not answer.
        """
        ...


class SESList:
    """The list that SES keeps for the account: what is on it bounces before it is sent."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def remove(self, address: str) -> bool:
        """Take the address off; False if it is not on it."""
        try:
            self._client().delete_suppressed_destination(EmailAddress=address)
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
            if code == "NotFoundException":
                return False
            if code.startswith("AccessDenied"):
                action = "ses:DeleteSuppressedDestination"
                raise OperatorError(f"SES: {code}: you need {action}; nothing changed") from error
            raise DependencyError(f"SES: {code}; nothing changed") from error
        except BotoCoreError as error:
            raise DependencyError(f"SES: {type(error).__name__}; nothing changed") from error
        return True


@dataclass(frozen=True, slots=True)
class Lifted:
    """What became of a request to mail an address again.

    Args:
        at_provider: whether the mail service's own list had it, None if that was not asked.
        unpublished: why the audit trail was not told yet, None if it was.
    """

    outcome: Outcome
    at_provider: bool | None = None
    unpublished: PipelineError | None = None


class SuppressionService:
    """Where one operator takes addresses off the list."""

    def __init__(
        self,
        tables: Tables,
        ledger: OperatorLedger,
        provider: ProviderList,
        *,
        actor: str,
        reason: str,
    ) -> None:
        self._list, self._ledger, self._provider = SuppressionTables(tables), ledger, provider
        self._actor, self._reason = actor, reason

    def lift(self, address: str, *, dry_run: bool = False) -> Lifted:
        """Mail the address again; as often as one likes.

        The service's list comes first: while only ours is clear, the next mail would bounce and
        put the address back.

        Raises:
            OperatorError: no mail address, or not permitted.
            ContentionError: new reports about the address keep coming in; nothing was stored.
            DependencyError: a service did not answer; repeating the command is safe.
        """
        address = checked_address(address)
        if dry_run:
            listed = self._list.find(address) is not None
            return Lifted("would be removed" if listed else "is not on the list")
        at_provider = self._provider.remove(address)

        def lifted(attempt: int) -> Lifted:
            if (entry := self._list.find(address)) is None:
                return Lifted("is not on the list", at_provider)
            try:
                record = self._commit(entry, attempt)
            except AlreadyRecordedError as known:
                record = known.record
            return Lifted("removed", at_provider, self._ledger.publish([record]))

        return self._ledger.retry_contention(
            lifted, gave_up="others keep changing this entry; nothing was stored"
        )

    def _commit(self, entry: Suppression, attempt: int) -> Record:
        digest, since = digest_of(entry.address), entry.since
        audit = AuditPayload(
            action=AuditAction.ADDRESS_UNSUPPRESSED,
            entity_type="address",
            entity_id=digest,
            user_id=self._actor if is_id(self._actor) else None,
            previous_state={"status": "suppressed", "reason": entry.reason},
            new_state={"status": "mailed"},
            metadata={
                "by": self._actor,
                "reason": self._reason,
                **Actor.operator(self._actor).as_metadata(),
            },
        )
        event_id = caused_event_id(digest, f"{AuditAction.ADDRESS_UNSUPPRESSED} {since}", 0)
        effects = Effects(
            outcome="unsuppressed",
            writes=[removal_write(entry)],
            emits=[Emit(AuditRecorded, audit)],
        )
        return self._ledger.commit(
            event_id, AuditAction.ADDRESS_UNSUPPRESSED, effects, attempt=attempt
        )


def checked_address(text: str) -> str:
    """The bare address, whatever name stands before it.

    Raises:
        OperatorError: it is none.
    """
    address = bare_address(text)
    if address is None:
        raise OperatorError("address: must be a mail address, such as ada@example.com")
    return address
