"""Which devices belong to whom: one item per user, in the table of the send ledger."""

from collections.abc import Sequence
from typing import cast

from functions.notifications.channels.push.message import endpoint_arn
from functions.notifications.channels.push.push import Registration
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import InvalidInputError
from shared.storage.ports import Tables
from shared.storage.schema import NOTIFICATIONS
from shared.storage.writes import Absent, Condition, Equals, Update, Write

MOST_ENDPOINTS = 10


class DeviceTables:
    """Registrations in tables. Every change is on the condition that no other run made one."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def of(self, user_id: str) -> Registration:
        """The user's devices.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(NOTIFICATIONS.name, registration_key(user_id))
        if item is None:
            return Registration(user_id)
        endpoints = cast("Sequence[str]", item["endpoints"])
        return Registration(user_id, tuple(endpoints), int(str(item["version"])))

    def without(self, registration: Registration, gone: Sequence[str]) -> Write:
        """The registration with some endpoints taken out."""
        left = [endpoint for endpoint in registration.endpoints if endpoint not in gone]
        return self._changed(registration, left)

    def register(self, user_id: str, endpoint: str) -> bool:
        """Tell the user on this device too; False if that is so already.

        Raises:
            InvalidInputError: no endpoint of a device, or one more than a user may have.
            ConditionsFailed: another run changed the registration at this moment.
            ContentionError, DependencyError: not stored.
        """
        registration = self.of(user_id)
        if endpoint_arn(endpoint) in registration.endpoints:
            return False
        if len(registration.endpoints) >= MOST_ENDPOINTS:
            raise InvalidInputError("endpoint", f"a user has at most {MOST_ENDPOINTS} devices")
        endpoints = [*registration.endpoints, endpoint]
        self._tables.transact([self._changed(registration, endpoints)])
        return True

    def remove(self, user_id: str, endpoint: str) -> bool:
        """Do not tell the user on this device any more; False if that is so already.

        Raises:
            ConditionsFailed: another run changed the registration at this moment.
            ContentionError, DependencyError: not stored.
        """
        registration = self.of(user_id)
        if endpoint not in registration.endpoints:
            return False
        self._tables.transact([self.without(registration, [endpoint])])
        return True

    def _changed(self, registration: Registration, endpoints: Sequence[str]) -> Update:
        unchanged: Condition = (
            Equals("version", registration.version) if registration.version else Absent()
        )
        return Update(
            NOTIFICATIONS.name,
            registration_key(registration.user_id),
            set={
                "userId": registration.user_id,
                "endpoints": list(endpoints),
                "version": registration.version + 1,
                "updatedAt": iso(self._clock.now()),
            },
            when=(unchanged,),
        )


def registration_key(user_id: str) -> dict[str, str]:
    """Key of a user's registration; ``#`` is in no event id, so no mail can have it."""
    return {"id": f"push#{user_id}"}
