"""Every write of the send ledger has a condition; each test here needs exactly one of them."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.notifications.channels.email.mail import Mail
from functions.notifications.domain import SendState
from functions.notifications.send_ledger import SendLedgerTables, cap_key, suppression_key
from shared.contracts.channels import EMAIL
from shared.kernel.errors import RecipientCappedError
from shared.storage.writes import ConditionsFailed, Write
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

ADA = "ada@example.com"


def mail(event_id: str = "evt-1") -> Mail:
    return Mail(event_id, ADA, "s", "t", "", "", "{}")


@pytest.fixture
def shop() -> Pipeline:
    return Pipeline()


@pytest.fixture
def ledger(shop: Pipeline) -> SendLedgerTables:
    return SendLedgerTables(shop.memory, shop.clock)


def row(shop: Pipeline, event_id: str = "evt-1") -> dict[str, Any]:
    return dict(shop.memory.get("notifications", {"id": event_id}) or {})


def overtaken(
    shop: Pipeline, meanwhile: Callable[[], object], *, before: int, cap: int | None = None
) -> SendLedgerTables:
    """A run that another one overtakes before its so-many-th call to the store."""
    faults = Faults()

    def watch(_name: str) -> None:
        if len(faults.calls) == before:
            meanwhile()

    faults.watch = watch
    caps = {} if cap is None else {EMAIL: cap}
    return SendLedgerTables(faults.wrap("tables", shop.memory), shop.clock, caps=caps)


def test_what_is_claimed_is_not_claimed_again(shop, ledger):
    assert ledger.claim(mail()).mine

    again = SendLedgerTables(shop.memory, shop.clock).claim(mail())

    assert (again.state, again.mine) == (SendState.CLAIMED, False)


@pytest.mark.parametrize("state", ["sent", "unknown", "suppressed"])
def test_a_send_that_is_over_is_never_claimed_again(shop, ledger, state):
    ledger.claim(mail())
    write = ledger.sent(mail(), "m-1") if state == "sent" else getattr(ledger, state)(mail())
    ledger.settle(write)

    found = ledger.claim(mail())

    assert (found.state, found.mine) == (SendState(state), False)
    assert row(shop)["state"] == state


def test_of_two_runs_that_see_one_failure_one_claims_it(shop, ledger):
    ledger.claim(mail())
    ledger.failed(mail(), "throttled")
    mine: list[bool] = []
    late = overtaken(shop, lambda: mine.append(ledger.claim(mail()).mine), before=2)

    found = late.claim(mail())

    assert mine == [True]
    assert (found.state, found.mine) == (SendState.CLAIMED, False)


def test_of_two_runs_that_see_one_message_wait_one_claims_it(shop, ledger):
    strict = SendLedgerTables(shop.memory, shop.clock, caps={EMAIL: 1})
    strict.claim(mail("evt-0"))
    with pytest.raises(RecipientCappedError):
        strict.claim(mail())
    shop.clock.advance(3600)
    mine: list[bool] = []
    late = overtaken(shop, lambda: mine.append(ledger.claim(mail()).mine), before=2, cap=1)

    found = late.claim(mail())

    assert mine == [True]
    assert (found.state, found.mine) == (SendState.CLAIMED, False)


def test_the_last_message_under_the_cap_is_claimed_and_the_next_one_waits(shop):
    capped = SendLedgerTables(shop.memory, shop.clock, caps={EMAIL: 2})

    assert [capped.claim(mail(f"evt-{n}")).mine for n in range(2)] == [True, True]
    with pytest.raises(RecipientCappedError):
        capped.claim(mail("evt-2"))

    assert row(shop, "evt-2")["state"] == "waiting"
    counter = shop.memory.get("notifications", cap_key(ADA, shop.clock.now(), "program:t"))
    assert counter is not None
    assert counter["told"] == 2


def test_what_waits_and_is_put_off_again_waits_for_the_hour_after(shop):
    """Else the audit would report a send that waits for too long."""
    capped = SendLedgerTables(shop.memory, shop.clock, caps={EMAIL: 1})
    for hour in range(2):
        capped.claim(mail(f"evt-first-of-{hour}"))
        with pytest.raises(RecipientCappedError) as put_off:
            capped.claim(mail())
        left = int(row(shop)["expiresAt"]) - int(shop.clock.now().timestamp())
        assert left == put_off.value.retry_after
        shop.clock.advance(3600)


def test_a_claim_that_is_found_counts_nothing(shop):
    capped = SendLedgerTables(shop.memory, shop.clock, caps={EMAIL: 2})
    for _ in range(5):
        capped.claim(mail())

    counter = shop.memory.get("notifications", cap_key(ADA, shop.clock.now(), "program:t"))
    assert counter is not None
    assert counter["told"] == 1


@pytest.mark.parametrize("state", ["claimed", "sent", "failed", "unknown"])
def test_putting_off_leaves_a_send_alone_that_was_claimed_meanwhile(shop, ledger, state):
    """The other run knows of no cap, such as one that was deployed before."""
    SendLedgerTables(shop.memory, shop.clock, caps={EMAIL: 1}).claim(mail("evt-0"))

    def meanwhile() -> None:
        ledger.claim(mail())
        if state == "failed":
            ledger.failed(mail(), "throttled")
        elif state != "claimed":
            ledger.settle(ledger.sent(mail(), "m") if state == "sent" else ledger.unknown(mail()))

    with pytest.raises(RecipientCappedError):
        overtaken(shop, meanwhile, before=2, cap=1).claim(mail())

    assert row(shop)["state"] == state


def test_the_first_reason_to_suppress_an_address_stays(shop, ledger):
    shop.memory.transact([ledger.suppression(ADA, "bounce")])

    with pytest.raises(ConditionsFailed):
        shop.memory.transact([ledger.suppression(ADA, "complaint")])

    item = shop.memory.get("notifications", suppression_key(ADA))
    assert item is not None
    assert item["reason"] == "bounce"


OUTCOMES: dict[str, Callable[[SendLedgerTables], Write]] = {
    "sent": lambda ledger: ledger.sent(mail(), "m-1"),
    "unknown": lambda ledger: ledger.unknown(mail()),
    "suppressed": lambda ledger: ledger.suppressed(mail()),
}


@pytest.mark.parametrize("late", OUTCOMES)
@pytest.mark.parametrize("first", OUTCOMES)
def test_the_first_word_about_a_claim_stands(shop, ledger, first, late):
    ledger.claim(mail())
    ledger.settle(OUTCOMES[first](ledger))

    with pytest.raises(ConditionsFailed):
        shop.memory.transact([OUTCOMES[late](ledger)])
    ledger.settle(OUTCOMES[late](ledger))
    ledger.failed(mail(), "throttled")

    assert row(shop)["state"] == first


def test_nothing_becomes_of_a_send_that_was_never_claimed(shop, ledger):
    for write in OUTCOMES.values():
        ledger.settle(write(ledger))
    ledger.failed(mail(), "throttled")

    assert row(shop) == {}
