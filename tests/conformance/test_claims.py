"""The dedup fast path, on the fake and on Redis alike. Leases here are real and short."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from shared.adapters.redis_claims import RedisClaims
from shared.kernel.clock import SystemClock
from shared.messaging.claims import KEY, Claim, ClaimFormat, Claims, ClaimState
from tests.fakes.claims import InMemoryClaims
from tests.services import Services, unique

SHORT, LONG = 0.4, 20.0
FORMAT = ClaimFormat("test/consumer", b"secret")


@dataclass
class Kit:
    """An implementation, and what a test does behind its back."""

    claims: Claims
    write: Callable[[str, str], None]
    flush: Callable[[], None]
    break_down: Callable[[], None]


@pytest.fixture(params=["memory", "redis"])
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    if request.param == "memory":
        fake = InMemoryClaims(SystemClock())
        yield Kit(fake, fake.poison, fake.flush, lambda: setattr(fake, "down", True))
        return
    services: Services = request.getfixturevalue("services")
    with services.redis() as client:
        claims = RedisClaims(
            client, FORMAT, SystemClock(), new_token=lambda: secrets.token_hex(8), key_prefix="t:"
        )

        def write(event_id: str, value: str) -> None:
            client.set("t:" + KEY.format(event_id=event_id), value, px=60_000)

        def break_down() -> None:
            client.connection_pool.connection_kwargs["port"] = 1
            client.connection_pool.disconnect()

        def flush() -> None:
            client.flushall()

        yield Kit(claims, write, flush, break_down)


@pytest.fixture
def claims(kit: Kit) -> Claims:
    return kit.claims


@pytest.fixture
def event() -> str:
    return unique("evt")


def claim(claims: Claims, event: str, lease: float = LONG) -> Claim:
    return claims.claim(event, lease_seconds=lease)


def claim_once_lapsed(claims: Claims, event: str) -> Claim:
    """Ask until the lease of somebody else is over."""
    deadline = time.monotonic() + 5
    while (found := claim(claims, event)).state is not ClaimState.CLAIMED:
        assert time.monotonic() < deadline, "the lease never ended"
        time.sleep(0.01)
    return found


# ------------------------------------------------------------------ one holder
def test_the_first_to_ask_becomes_the_holder(claims: Claims, event: str) -> None:
    found = claim(claims, event)

    assert found.state is ClaimState.CLAIMED
    assert found.token


def test_who_asks_while_it_is_held_learns_that_and_for_how_long(claims: Claims, event: str) -> None:
    claim(claims, event, lease=9.5)

    second = claim(claims, event)

    assert second.state is ClaimState.BUSY
    assert 6 <= second.retry_after <= 10
    assert second.token == ""


def test_a_done_event_is_done_for_everybody(claims: Claims, event: str) -> None:
    claims.complete(event, claim(claims, event).token)

    assert claim(claims, event).state is ClaimState.DONE
    assert claim(claims, event).state is ClaimState.DONE


def test_an_event_is_done_only_for_what_it_says(claims: Claims, event: str) -> None:
    """Other content under the same id is no duplicate: the ledger decides about it (I29)."""
    held = claims.claim(event, lease_seconds=LONG, content="one")
    claims.complete(event, held.token, content="one")

    def state(content: str) -> ClaimState:
        return claims.claim(event, lease_seconds=LONG, content=content).state

    assert state("one") is ClaimState.DONE
    assert [state(other) for other in ("two", "one ", "")] == [ClaimState.UNKNOWN] * 3
    assert state("one") is ClaimState.DONE


def test_a_mark_from_before_contents_were_known_is_good_for_any(claims: Claims, event: str) -> None:
    claims.complete(event, claim(claims, event).token)

    found = claims.claim(event, lease_seconds=LONG, content="one")

    assert found.state is ClaimState.DONE


def test_a_released_event_can_be_claimed_again_at_once(claims: Claims, event: str) -> None:
    first = claim(claims, event)

    claims.release(event, first.token)

    second = claim(claims, event)
    assert second.state is ClaimState.CLAIMED
    assert second.token != first.token


def test_events_do_not_get_into_each_others_way(claims: Claims) -> None:
    events = [unique("evt") for _ in range(5)]

    states = {claim(claims, event).state for event in events}

    assert states == {ClaimState.CLAIMED}


# ------------------------------------------------------------------ leases end
def test_a_lease_ends_on_its_own(claims: Claims, event: str) -> None:
    claim(claims, event, lease=SHORT)

    assert claim(claims, event).state is ClaimState.BUSY
    assert claim_once_lapsed(claims, event).state is ClaimState.CLAIMED


def test_a_holder_whose_lease_ended_may_still_complete_if_nobody_took_over(
    claims: Claims, event: str
) -> None:
    stale = claim(claims, event, lease=0.02)
    time.sleep(0.04)

    claims.complete(event, stale.token)

    assert claim(claims, event).state is ClaimState.DONE


@pytest.mark.parametrize("action", ["release", "complete"])
def test_a_stale_holder_changes_nothing_for_the_one_who_took_over(
    claims: Claims, event: str, action: str
) -> None:
    stale = claim(claims, event, lease=0.02)
    current = claim_once_lapsed(claims, event)

    getattr(claims, action)(event, stale.token)

    assert claim(claims, event).state is ClaimState.BUSY
    claims.complete(event, current.token)
    assert claim(claims, event).state is ClaimState.DONE


@pytest.mark.parametrize("action", ["release", "complete"])
def test_a_stale_holder_cannot_undo_what_is_done(claims: Claims, event: str, action: str) -> None:
    stale = claim(claims, event, lease=0.02)
    claims.complete(event, claim_once_lapsed(claims, event).token)

    getattr(claims, action)(event, stale.token)

    assert claim(claims, event).state is ClaimState.DONE


def test_releasing_or_completing_twice_is_harmless(claims: Claims, event: str) -> None:
    first = claim(claims, event)
    claims.release(event, first.token)
    claims.release(event, first.token)
    second = claim(claims, event)
    claims.complete(event, second.token)
    claims.complete(event, second.token)

    assert claim(claims, event).state is ClaimState.DONE


# ------------------------------------------------------------------ what it forgets and is told
def test_after_a_flush_nothing_is_known_and_work_goes_on(kit: Kit, event: str) -> None:
    before = claim(kit.claims, event)

    kit.flush()

    after = claim(kit.claims, event)
    assert after.state is ClaimState.CLAIMED
    kit.claims.release(event, before.token)
    assert claim(kit.claims, event).state is ClaimState.BUSY


def test_a_flush_between_claim_and_completion_still_leaves_the_event_done(
    kit: Kit, event: str
) -> None:
    held = claim(kit.claims, event)

    kit.flush()
    kit.claims.complete(event, held.token)

    assert claim(kit.claims, event).state is ClaimState.DONE


FAR = int((time.time() + 3 * 3600) * 1000)
POISON = {
    "empty": "",
    "old-flag": "1",
    "words": "processed",
    "seal-empty": "d:",
    "seal-guessed": "d:" + "0" * 32,
    "seal-not-ascii": "d:größe",
    "lease-without-deadline": "l:token",
    "lease-without-anything": "l::",
    "lease-deadline-text": "l:token:soon",
    "lease-deadline-negative": "l:token:-1",
    "lease-deadline-huge": "l:token:" + "9" * 40,
    "lease-of-hours": f"l:token:{FAR}",
    "lease-over": "l:token:1000",
    "other-kind": f"x:token:{FAR}",
    "json": '{"state": "done"}',
}


@pytest.mark.parametrize("value", POISON.values(), ids=POISON.keys())
def test_a_value_that_we_did_not_write_means_nothing(kit: Kit, event: str, value: str) -> None:
    kit.write(event, value)

    assert claim(kit.claims, event) == Claim(ClaimState.UNKNOWN)


@pytest.mark.parametrize(
    "seal",
    [
        pytest.param(lambda event: FORMAT.done(event + "-other"), id="another-event"),
        pytest.param(lambda event: ClaimFormat("test/other", b"secret").done(event), id="consumer"),
        pytest.param(lambda event: ClaimFormat("test/consumer", b"old").done(event), id="secret"),
    ],
)
def test_a_genuine_mark_from_elsewhere_means_nothing(
    kit: Kit, event: str, seal: Callable[[str], str]
) -> None:
    kit.write(event, seal(event))

    assert claim(kit.claims, event) == Claim(ClaimState.UNKNOWN)


def test_an_implementation_that_is_down_knows_nothing_and_raises_nothing(
    kit: Kit, event: str
) -> None:
    kit.break_down()

    assert claim(kit.claims, event).state is ClaimState.UNKNOWN
    kit.claims.complete(event, "token")
    kit.claims.release(event, "token")
