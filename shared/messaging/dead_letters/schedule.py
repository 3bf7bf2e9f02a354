"""When the reconciler checks a dead letter again, and when it sends one without an operator (I27)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.clock import iso
from shared.storage.schema import shard_of
from shared.storage.writes import Item

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=4)
# A dead letter that the reconciler does not send is still checked: its event may have been handled.
LONGEST_LOOK = timedelta(minutes=30)
# Once a message was sent, its answer is known within about a minute.
SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the reconciler will do about an open dead letter.

    Args:
        due_at: when it looks at it next.
        delivery_at: when it sends it next, None if only a person does.
    """

    due_at: datetime
    delivery_at: datetime | None = None

    def facts(self, key: str) -> Item:
        """The attributes that put the dead letter into the index of what is due."""
        return {
            "dueShard": shard_of(key),
            "dueAt": iso(self.due_at),
            "nextDeliveryAt": None if self.delivery_at is None else iso(self.delivery_at),
        }


# Attributes that a settled dead letter does not have.
PLANNED = ("dueShard", "dueAt", "nextDeliveryAt")


def pause(times: int, longest: timedelta) -> timedelta:
    """Ever longer: a minute, two, four … up to the longest."""
    return min(FIRST_PAUSE * (1 << min(times, 20)), longest)


def opened(now: datetime, *, delivered: int, automatic: bool) -> Plan:
    """For a dead letter that opens.

    Args:
        delivered: how often it was sent by itself before.
        automatic: whether it is sent by itself at all.
    """
    if not automatic:
        return Plan(now + FIRST_PAUSE)
    at = now + pause(delivered, LONGEST_PAUSE)
    return Plan(at, at)


def sent(now: datetime, *, delivered: int) -> Plan:
    """For a dead letter that is being sent; ``delivered`` counts this time, too."""
    at = now + pause(delivered, LONGEST_PAUSE)
    return Plan(min(now + SOON, at), at)


def looked_at(now: datetime, *, since: datetime, delivery_at: datetime | None) -> Plan:
    """For a dead letter that stays as it is: its next delivery, or another check. The older the
    dead letter is, the longer the pause."""
    if delivery_at is not None:
        return Plan(delivery_at, delivery_at)
    return Plan(now + min(max(now - since, FIRST_PAUSE), LONGEST_LOOK))


def is_unconfirmed(item: Item) -> bool:
    """Whether a dead letter was not sent since it last failed.

    The ledger knows the event only by its id. Before the delivery it is unknown whether our code
    has seen this content under that id. After it, other content is refused with an error code of
    its own, and gets its own dead letter.
    """
    planned = str(item.get("nextDeliveryAt", ""))
    return bool(planned) and str(item.get("lastSentAt", "")) < str(item["lastFailedAt"])
