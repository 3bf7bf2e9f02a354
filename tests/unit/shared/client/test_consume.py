"""The consuming library, for handlers beside this pipeline's own."""

import pytest

from shared.client.consume import process_with_deduplication, verify_qstash_signature
from shared.contracts.topics import Topic
from shared.kernel.errors import BusyError, UnauthenticatedError
from shared.messaging.http import HttpRequest
from shared.messaging.signature import RotatingKeys, SigningKeys, Verifier
from tests.builders import request
from tests.fakes.claims import InMemoryClaims
from tests.fakes.clock import ManualClock
from tests.signing import CURRENT_KEY, NEXT_KEY, sign

URL = "https://hooks.example.com/api/webhooks/orders"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def claims(clock: ManualClock) -> InMemoryClaims:
    return InMemoryClaims(clock)


def test_event_is_processed_once_within_the_window(claims):
    results = iter(["first run", "second run"])

    first = process_with_deduplication("evt-1", results.__next__, claims=claims)
    second = process_with_deduplication("evt-1", results.__next__, claims=claims)

    assert (first.processed, first.result) == (True, "first run")
    assert (second.processed, second.result) == (False, None)
    assert next(results) == "second run"


def test_other_content_under_the_same_id_is_processed_where_it_is_told(claims):
    def processed(content: str) -> bool:
        run = process_with_deduplication("evt-1", lambda: None, claims=claims, content=content)
        return run.processed

    assert [processed(content) for content in ("one", "one", "two")] == [True, False, True]


def test_window_passes_and_without_redis_there_is_none(claims, clock):
    process_with_deduplication("evt-1", lambda: None, claims=claims)
    clock.advance(3601)

    assert process_with_deduplication("evt-1", lambda: None, claims=claims).processed
    claims.down = True
    assert process_with_deduplication("evt-1", lambda: None, claims=claims).processed


def test_processor_that_fails_gives_the_claim_back(claims):
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        process_with_deduplication("evt-1", fail, claims=claims)

    assert process_with_deduplication("evt-1", lambda: "r", claims=claims).processed


def test_second_run_while_the_first_is_undecided_is_busy_and_never_a_duplicate(claims):
    def first() -> None:
        with pytest.raises(BusyError) as busy:
            process_with_deduplication("evt-1", lambda: None, claims=claims)
        assert 1 <= busy.value.retry_after <= 30

    assert process_with_deduplication("evt-1", first, claims=claims).processed


def delivery(clock: ManualClock, url: str, path: str) -> HttpRequest:
    headers = {"upstash-signature": sign(url, b"{}", clock.now().timestamp())}
    return HttpRequest.from_event(request(b"{}", headers=headers, path=path))


def verifier(clock: ManualClock) -> Verifier:
    keys = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
    return Verifier(RotatingKeys(lambda: keys, clock), clock)


def test_delivery_for_the_handlers_own_address_is_accepted_and_another_is_not(clock):
    urls = frozenset({URL})

    verify_qstash_signature(delivery(clock, URL, "/x"), urls=urls, verify=verifier(clock))
    with pytest.raises(UnauthenticatedError, match="wrong_url"):
        verify_qstash_signature(
            delivery(clock, "https://evil.example/", "/x"), urls=urls, verify=verifier(clock)
        )


@pytest.mark.parametrize(
    "path", ["/", "/api/webhooks/", "/api/webhooks/ghost", "/orders/x", "/ORDERS"]
)
def test_path_that_ends_in_no_topic_is_refused_before_any_configuration_is_read(clock, path):
    with pytest.raises(UnauthenticatedError, match="unknown_path"):
        verify_qstash_signature(delivery(clock, URL, path), verify=verifier(clock))

    assert path.rpartition("/")[2] not in list(Topic)
