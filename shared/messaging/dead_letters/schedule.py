"""When the reconciler looks at a dead letter again, and when it sends it again without a person (I27)."""

from datetime import datetime, timedelta

from shared.storage.records.dead_letter import Plan

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=4)
# A dead letter that is not sent by itself is looked at all the same: its event may have been handled.
LONGEST_LOOK = timedelta(minutes=30)
# Once a message was sent, its answer is known within about a minute.
SOON = timedelta(minutes=1)


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
    """For a dead letter that stays as it is: its next delivery, or another look, the later the older."""
    if delivery_at is not None:
        return Plan(delivery_at, delivery_at)
    return Plan(now + min(max(now - since, FIRST_PAUSE), LONGEST_LOOK))
