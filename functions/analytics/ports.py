"""What remembering needs of a store."""

from typing import Protocol

from functions.analytics.domain import DeadLetter
from shared.contracts.analytics import AuditRecorded
from shared.writes import Write


class Archive(Protocol):
    """The audit trail and the dead letters."""

    def entry(self, event: AuditRecorded) -> Write:
        """An audit entry; there is no way to change or remove one."""
        ...

    def has_letter(self, event_id: str) -> bool:
        """Whether the event is among the dead letters already.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def new_letter(self, letter: DeadLetter) -> Write:
        """The first report of an event's failure."""
        ...

    def repeated_letter(self, letter: DeadLetter) -> Write:
        """A further report of an event that is known to have failed."""
        ...
