"""S27: whatever the send ledger holds as a lease, and however clocks step."""

import math
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.notifications.channels.email.mail import Mail
from functions.notifications.domain import SendState
from functions.notifications.send_ledger import SendLedgerTables
from functions.notifications.send_once import SendOnce
from shared.contracts.channels import EMAIL
from shared.kernel.errors import BusyError, RecipientCappedError
from shared.storage.writes import Put
from tests.pipeline import Pipeline

MAIL = Mail("evt-1", "ada@example.com", "s", "t", "", "", "{}")
RUN_SECONDS = 16 * 60
HOUR_SECONDS = 3600 + 300
ABSENT = object()
# What no run of ours writes; beside it numbers around now, which may be claims.
ODD = [
    ABSENT,
    None,
    "",
    "soon",
    "nan",
    "inf",
    "-inf",
    "1e999",
    True,
    [],
    {"N": "1"},
    "\uff19\uff19\uff19\uff19\uff19\uff19\uff19\uff19\uff19\uff19",
]
leases = (
    st.sampled_from(ODD)
    | st.integers(-(10**37), 10**37)
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda d: Decimal(f"{d:.20e}"))
    | st.text(max_size=12)
    | st.integers(-2000, 8000).map(lambda ahead: ("ahead", ahead))
)


def stored(shop: Pipeline, state: str, lease: Any) -> float:
    """Put a row there; the seconds that a reader may take it to last, NaN if it says no moment."""
    now = shop.clock.now().timestamp()
    value = int(now) + lease[1] if isinstance(lease, tuple) else lease
    row = {"id": "evt-1", **MAIL.facts(), "state": state, "token": "another", "event": "{}"}
    if value is not ABSENT:
        row["expiresAt"] = value
    shop.memory._rows["notifications"] = {}
    shop.memory.transact([Put("notifications", row)])
    try:
        return float(str(value)) - now
    except ValueError:
        return math.nan


def sender(shop: Pipeline) -> SendOnce:
    return SendOnce(SendLedgerTables(shop.memory, shop.clock), shop.clock, shop.telemetry)


def fails_to_send(_message: Mail) -> str:
    raise AssertionError("a message was sent that another run may have sent")


@given(lease=leases)
@example(lease=ABSENT)
@example(lease="nan")
@example(lease="inf")
@example(lease=("ahead", RUN_SECONDS + 1))
@example(lease=("ahead", 1))
def test_a_live_claim_is_not_stolen_and_none_is_believed_for_longer_than_a_run(lease):
    shop = Pipeline()
    left = stored(shop, "claimed", lease)

    if 0 < left <= RUN_SECONDS:
        with pytest.raises(BusyError) as busy:
            sender(shop)(MAIL, fails_to_send)
        assert 1 <= busy.value.retry_after <= RUN_SECONDS
    else:
        assert sender(shop)(MAIL, fails_to_send).outcome == "unknown"


@given(lease=leases, again=leases)
@example(lease="soon", again="-inf")
@example(lease="soon", again="inf")
@example(lease=ABSENT, again="soon")
@example(lease=1, again=10**30)
def test_a_row_that_waits_for_any_moment_is_put_off_by_little_more_than_an_hour(lease, again):
    """The other run puts it off between our two looks at it."""
    shop = Pipeline()
    stored(shop, "waiting", lease)
    ledger = SendLedgerTables(shop.memory, shop.clock, caps={EMAIL: 5})
    transact = shop.memory.transact
    calls: list[int] = []

    def overtaken(writes):
        calls.append(len(writes))
        if len(calls) == 2:
            setattr(shop.memory, "transact", transact)  # noqa: B010
            left = stored(shop, "waiting", again)
            waiting = {
                **dict(shop.memory.get("notifications", {"id": "evt-1"}) or {}),
                "token": "third",
            }
            transact([Put("notifications", waiting)])
            lefts.append(left)
        return transact(writes)

    lefts: list[float] = []
    setattr(shop.memory, "transact", overtaken)  # noqa: B010

    with pytest.raises(RecipientCappedError) as capped:
        ledger.claim(MAIL)

    assert 1 <= capped.value.retry_after <= HOUR_SECONDS
    if 1 <= lefts[0] <= HOUR_SECONDS:
        assert capped.value.retry_after == round(lefts[0])


@given(lease=leases, token=st.sampled_from([ABSENT, "t", 7, True, None]))
def test_a_row_that_waits_or_failed_is_taken_up_whatever_else_it_says(lease, token):
    for state in ("waiting", "failed"):
        shop = Pipeline()
        stored(shop, state, lease)
        row = dict(shop.memory.get("notifications", {"id": "evt-1"}) or {})
        del row["token"]
        if token is not ABSENT:
            row["token"] = token
        shop.memory.transact([Put("notifications", row)])

        assert sender(shop)(MAIL, lambda _mail: "m-1").outcome == "sent"


steps = st.lists(
    st.tuples(st.sampled_from(["claim", "fail", "die"]), st.integers(-7200, 7200)), max_size=12
)


@given(steps=steps)
def test_at_most_one_run_owns_a_message_whatever_the_clock_does(steps):
    """A run that died still owns it: it may have sent, and no second run may."""
    shop = Pipeline()
    owners = 0
    for step, ahead in steps:
        shop.clock._now += timedelta(seconds=ahead)
        ledger = SendLedgerTables(shop.memory, shop.clock)
        if step == "claim":
            owners += ledger.claim(MAIL).mine
        elif step == "fail" and owners:
            ledger.failed(MAIL, "throttled")
            owners = 0
        assert owners <= 1
        if owners:
            again: Callable[[], Any] = lambda: SendLedgerTables(shop.memory, shop.clock).claim(MAIL)  # noqa: E731
            assert (again().state, again().mine) == (SendState.CLAIMED, False)
