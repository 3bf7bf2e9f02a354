"""What only a real Redis can do to us: lose replies, vanish, forget its scripts, hold nonsense."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from redis import Redis

from shared.adapters.redis_claims import RedisClaims
from shared.kernel.clock import SystemClock
from shared.messaging.claims import KEY, ClaimFormat, ClaimState
from tests.conformance.redis_proxy import RedisProxy
from tests.fakes.clock import ManualClock
from tests.services import Services, unique

FORMAT = ClaimFormat("test/consumer", b"secret")
# One connection attempt, its repetition, and what a busy machine adds to them.
BOUND = 5.0


class Failures:
    """Counts what would become a metric."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def failures() -> Failures:
    return Failures()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def client_to(services: Services) -> Iterator[Callable[[str], Redis]]:
    """The functions' own client, with its timeouts and its one repetition."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(services.redis(url))


@pytest.fixture
def through_proxy(
    client_to: Callable[[str], Redis], redis_proxy: RedisProxy, failures: Failures
) -> RedisClaims:
    """Claims whose commands the proxy sees; the scripts are known to Redis already."""
    claims = RedisClaims(
        client_to(redis_proxy.url),
        FORMAT,
        SystemClock(),
        new_token=lambda: secrets.token_hex(8),
        on_failure=failures,
    )
    warm = unique("warm")
    claims.complete(warm, claims.claim(warm, lease_seconds=1).token)
    claims.release(warm, "")
    redis_proxy.commands.clear()
    return claims


# ------------------------------------------------------------------ round trips
def test_a_new_event_costs_two_round_trips_and_a_duplicate_one(
    through_proxy: RedisClaims, redis_proxy: RedisProxy
) -> None:
    event = unique("evt")

    through_proxy.complete(event, through_proxy.claim(event, lease_seconds=5).token)
    fresh = list(redis_proxy.commands)
    duplicate = through_proxy.claim(event, lease_seconds=5)

    assert fresh == ["EVALSHA", "EVALSHA"]
    assert duplicate.state is ClaimState.DONE
    assert redis_proxy.commands[2:] == ["EVALSHA"]


def test_a_connection_is_opened_without_a_greeting(
    client_to: Callable[[str], Redis], redis_proxy: RedisProxy
) -> None:
    client_to(redis_proxy.url).ping()

    assert redis_proxy.commands == ["PING"]


# ------------------------------------------------------------------ lost replies
@pytest.mark.parametrize("hang_up", [True, False], ids=["connection-cut", "silence"])
def test_a_claim_whose_reply_was_lost_is_still_the_claimers_own(
    through_proxy: RedisClaims, redis_proxy: RedisProxy, failures: Failures, hang_up: bool
) -> None:
    event = unique("evt")
    redis_proxy.lose, redis_proxy.hang_up = 1, hang_up

    found = through_proxy.claim(event, lease_seconds=20)

    assert found.state is ClaimState.CLAIMED
    assert redis_proxy.commands == ["EVALSHA", "EVALSHA"]
    assert through_proxy.claim(event, lease_seconds=20).state is ClaimState.BUSY
    through_proxy.complete(event, found.token)
    assert through_proxy.claim(event, lease_seconds=20).state is ClaimState.DONE
    assert failures.count == 0


@pytest.mark.parametrize("action", ["complete", "release"])
def test_a_lost_reply_to_the_last_word_does_no_harm(
    through_proxy: RedisClaims, redis_proxy: RedisProxy, action: str
) -> None:
    event = unique("evt")
    token = through_proxy.claim(event, lease_seconds=20).token
    redis_proxy.lose = 1

    getattr(through_proxy, action)(event, token)

    expected = ClaimState.DONE if action == "complete" else ClaimState.CLAIMED
    assert through_proxy.claim(event, lease_seconds=20).state is expected


def test_a_claim_that_never_hears_back_is_unknown_and_lapses_with_its_lease(
    through_proxy: RedisClaims, redis_proxy: RedisProxy, failures: Failures
) -> None:
    event = unique("evt")
    redis_proxy.lose = 2

    found = through_proxy.claim(event, lease_seconds=0.2)

    assert found.state is ClaimState.UNKNOWN
    assert failures.count == 1
    deadline = time.monotonic() + 5
    while through_proxy.claim(event, lease_seconds=1).state is not ClaimState.CLAIMED:
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ------------------------------------------------------------------ slow and down
def test_a_slow_redis_costs_a_bounded_wait_and_is_unknown(
    through_proxy: RedisClaims, redis_proxy: RedisProxy, failures: Failures
) -> None:
    redis_proxy.delay = 8

    started = time.monotonic()
    found = through_proxy.claim(unique("evt"), lease_seconds=1)

    assert found.state is ClaimState.UNKNOWN
    assert time.monotonic() - started < BOUND
    assert failures.count == 1


def at_nobody(
    client_to: Callable[[str], Redis], clock: ManualClock, failures: Failures
) -> RedisClaims:
    return RedisClaims(
        client_to("redis://127.0.0.1:1/0"),
        FORMAT,
        clock,
        new_token=lambda: "token",
        on_failure=failures,
    )


@pytest.mark.parametrize("action", ["claim", "complete", "release"])
def test_a_redis_that_is_down_is_counted_and_nothing_is_raised(
    client_to: Callable[[str], Redis], clock: ManualClock, failures: Failures, action: str
) -> None:
    claims = at_nobody(client_to, clock, failures)

    if action == "claim":
        assert claims.claim("e", lease_seconds=1).state is ClaimState.UNKNOWN
    else:
        getattr(claims, action)("e", "token")

    assert failures.count == 1


def test_after_three_failures_redis_is_left_alone_for_a_while(
    client_to: Callable[[str], Redis], clock: ManualClock, failures: Failures
) -> None:
    claims = at_nobody(client_to, clock, failures)

    counted = []
    for _ in range(6):
        claims.claim("e", lease_seconds=1)
        counted.append(failures.count)
    clock.advance(4.9)
    claims.claim("e", lease_seconds=1)
    still_open = failures.count
    clock.advance(0.2)
    claims.claim("e", lease_seconds=1)

    assert counted == [1, 2, 3, 3, 3, 3]
    assert still_open == 3
    assert failures.count == 4


def test_an_open_breaker_closes_when_redis_is_back(
    client_to: Callable[[str], Redis],
    redis_proxy: RedisProxy,
    clock: ManualClock,
    failures: Failures,
) -> None:
    claims = RedisClaims(
        client_to(redis_proxy.url), FORMAT, clock, new_token=lambda: "t", on_failure=failures
    )
    redis_proxy.down = True
    for _ in range(3):
        claims.claim(unique("evt"), lease_seconds=1)
    redis_proxy.down = False

    while_open = claims.claim(unique("evt"), lease_seconds=1)
    clock.advance(5)
    event = unique("evt")
    states = [claims.claim(event, lease_seconds=5).state for _ in range(1)]

    assert while_open.state is ClaimState.UNKNOWN
    assert states == [ClaimState.CLAIMED]
    assert failures.count == 3


def test_an_answer_in_between_makes_the_breaker_count_anew(
    through_proxy: RedisClaims, redis_proxy: RedisProxy, failures: Failures
) -> None:
    for down in (True, True, False, True, True):
        redis_proxy.down = down
        through_proxy.claim(unique("evt"), lease_seconds=1)
    redis_proxy.down = False

    assert failures.count == 4
    assert through_proxy.claim(unique("evt"), lease_seconds=1).state is ClaimState.CLAIMED


# ------------------------------------------------------------------ forgotten scripts, nonsense
def test_forgotten_scripts_are_loaded_again(through_proxy: RedisClaims, services: Services) -> None:
    event = unique("evt")
    states = []
    with services.redis() as direct:
        for _ in range(2):
            direct.script_flush()
            states.append(through_proxy.claim(event, lease_seconds=5).state)
        direct.delete(KEY.format(event_id=event))
        token = through_proxy.claim(event, lease_seconds=5).token
        direct.script_flush()
        through_proxy.complete(event, token)
        direct.script_flush()
        states.append(through_proxy.claim(event, lease_seconds=5).state)

    assert states == [ClaimState.CLAIMED, ClaimState.BUSY, ClaimState.DONE]


def test_a_value_of_another_type_is_unknown(
    through_proxy: RedisClaims, services: Services, failures: Failures
) -> None:
    event = unique("evt")
    with services.redis() as direct:
        direct.lpush(KEY.format(event_id=event), "not a string")

    assert through_proxy.claim(event, lease_seconds=5).state is ClaimState.UNKNOWN
    assert failures.count == 1


def test_bytes_that_are_no_text_are_unknown(through_proxy: RedisClaims, services: Services) -> None:
    events = [unique("evt") for _ in range(3)]
    with services.redis() as direct:
        for event, value in zip(events, (b"\xff\xfe", b"d:\xff", b"l:t:\xb2"), strict=True):
            direct.set(KEY.format(event_id=event), value, px=10_000)

    states = {through_proxy.claim(event, lease_seconds=5).state for event in events}

    assert states == {ClaimState.UNKNOWN}


def test_done_marks_and_leases_expire_in_redis_itself(
    client_to: Callable[[str], Redis], services: Services, failures: Failures
) -> None:
    client = client_to(services.redis_url)
    claims = RedisClaims(
        client,
        FORMAT,
        SystemClock(),
        new_token=lambda: "token",
        key_prefix="stage:",
        done_seconds=3600,
    )
    event = unique("evt")
    key = f"stage:webhook:dedup:{event}"

    token = claims.claim(event, lease_seconds=30).token
    leased = client.pttl(key)
    claims.complete(event, token)

    assert 25_000 < int(str(leased)) <= 30_000
    assert 3_590_000 < int(str(client.pttl(key))) <= 3_600_000


def test_a_claim_that_nobody_heard_of_can_still_be_given_back(
    through_proxy: RedisClaims, redis_proxy: RedisProxy
) -> None:
    event = unique("event")
    redis_proxy.lose = 2
    first = through_proxy.claim(event, lease_seconds=30)

    through_proxy.release(event, first.token)

    assert through_proxy.claim(event, lease_seconds=30).state is ClaimState.CLAIMED
