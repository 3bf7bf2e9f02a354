"""Keys that rotate under a running function, and bad tokens that try to use that."""

from collections.abc import Callable

import pytest

from shared.kernel.errors import UnauthenticatedError
from shared.messaging.signature import RotatingKeys, SigningKeys, Verifier
from tests.fakes.clock import ManualClock
from tests.signing import CURRENT_KEY, NEXT_KEY, sign

URL = "https://orders.example.com/"
BODY = b"{}"
NEWEST_KEY = "sig_newest00123456789abcdefghijk"
BEFORE = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
AFTER = SigningKeys(NEXT_KEY.encode(), NEWEST_KEY.encode())


class ParameterStore:
    """Where ops put the keys; counts how often they are read."""

    def __init__(self) -> None:
        self.keys = BEFORE
        self.reads = 0

    def load(self) -> SigningKeys:
        self.reads += 1
        return self.keys


@pytest.fixture
def store() -> ParameterStore:
    return ParameterStore()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def accepts(store: ParameterStore, clock: ManualClock) -> Callable[[str], bool]:
    verifier = Verifier(RotatingKeys(store.load, clock), clock)

    def accepted(key: str) -> bool:
        try:
            verifier(sign(URL, BODY, clock.now().timestamp(), key=key), BODY, {URL})
        except UnauthenticatedError:
            return False
        return True

    return accepted


def test_keys_are_read_once_at_the_start(store, accepts):
    assert accepts(CURRENT_KEY)
    assert accepts(NEXT_KEY)

    assert store.reads == 1


def test_rotation_in_the_middle_rejects_nothing(store, clock, accepts):
    clock.advance(120)
    store.keys = AFTER

    assert accepts(NEXT_KEY)
    assert accepts(NEWEST_KEY)
    assert store.reads == 2


def test_two_rotations_without_a_deploy_reject_nothing(store, clock, accepts):
    clock.advance(120)
    store.keys = SigningKeys(NEWEST_KEY.encode(), b"sig_evennewer0123456789abcdefghi")

    assert accepts(NEWEST_KEY)


def test_key_from_before_the_rotation_is_refused_once_the_new_ones_are_read(store, clock, accepts):
    clock.advance(120)
    store.keys = AFTER

    assert accepts(NEWEST_KEY)
    assert not accepts(CURRENT_KEY)


def test_thousand_bad_tokens_cause_one_reading_at_most(store, clock, accepts):
    clock.advance(120)

    assert not any(accepts("sig_attacker0123456789abcdefghij") for _ in range(1000))
    assert store.reads == 2


def test_bad_tokens_right_after_the_start_cause_no_reading(store, accepts):
    assert not any(accepts("sig_attacker0123456789abcdefghij") for _ in range(10))
    assert store.reads == 1


def test_bad_tokens_over_hours_are_limited_by_the_cooldown(store, clock, accepts):
    for _ in range(3600):
        clock.advance(1)
        assert not accepts("sig_attacker0123456789abcdefghij")

    assert store.reads <= 1 + 3600 / 60


@pytest.mark.parametrize("cause", ["wrong_url", "wrong_body", "expired", "malformed_token"])
def test_only_an_unknown_key_makes_the_verifier_look_for_new_keys(store, clock, cause):
    verifier = Verifier(RotatingKeys(store.load, clock), clock)
    clock.advance(120)
    now = clock.now().timestamp()
    forgeries = {
        "wrong_url": sign("https://other.example.com/", BODY, now),
        "wrong_body": sign(URL, b"other", now),
        "expired": sign(URL, BODY, now - 1000),
        "malformed_token": "x.y.z",
    }

    with pytest.raises(UnauthenticatedError, match=cause):
        verifier(forgeries[cause], BODY, {URL})

    assert store.reads == 1


def test_keys_are_read_again_when_they_are_old(store, clock, accepts):
    clock.advance(299)
    assert accepts(CURRENT_KEY)
    assert store.reads == 1

    clock.advance(1)
    assert accepts(CURRENT_KEY)
    assert store.reads == 2


def test_refresh_says_whether_the_keys_changed(store, clock):
    keys = RotatingKeys(store.load, clock)
    clock.advance(60)
    assert keys.refresh() is False

    clock.advance(60)
    store.keys = AFTER
    assert keys.refresh() is True
    assert keys.get() == AFTER


def test_refresh_inside_the_cooldown_reads_nothing(store, clock):
    keys = RotatingKeys(store.load, clock)
    store.keys = AFTER
    clock.advance(59)

    assert keys.refresh() is False
    assert keys.get() == BEFORE
    assert store.reads == 1
