"""What remembering needs of a store."""

from typing import Protocol

from shared.contracts.analytics import AuditRecorded
from shared.storage.writes import Write


class AuditTrail(Protocol):
    """Who did what, for good."""

    def entry(self, event: AuditRecorded) -> Write:
        """An audit entry; there is no way to change or remove one."""
        ...
