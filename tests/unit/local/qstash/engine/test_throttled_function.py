"""A burst meets a function with few places: what flow control is for, on QStash's stand-in."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count

import pytest

from infra.settings import stage_settings
from local.qstash.http.option_values import read_flow_control
from shared.adapters.qstash_flow_control import flow_key, flow_value
from shared.adapters.qstash_publisher import PublisherOptions, headers_of
from shared.contracts.topics import Topic
from shared.messaging.outbox import Outbound
from tests.pipeline import URLS

BURST = 500
PLACES = 5
RUN_MS = 200
# What QStash delivers at once on the plan that the pipeline needs.
PLAN = 100


@dataclass
class Function:
    """Runs for a while in one of its places; Lambda answers 429 for what finds none."""

    places: int
    running: int = 0
    most: int = 0
    throttled: int = 0

    def admits(self) -> bool:
        """Whether there is a place; it is taken then."""
        if self.running >= self.places:
            self.throttled += 1
            return False
        self.running += 1
        self.most = max(self.most, self.running)
        return True


def headers(limits):
    options = PublisherOptions(
        "https://qstash", "t", URLS, "https://a.test/failures", "order-pipeline-dev", limits
    )
    message = Outbound(Topic.ORDERS, "evt-1", "order.created", "1.0", "orders", None, "{}")
    return headers_of(message, options)


def play(bench, drafts, function):
    """Deliver everything; the ids in the order in which they were handled."""
    ids = [bench.publish(**draft) for draft in drafts]
    ends: list[tuple[int, int, Callable[[], None]]] = []
    handled: list[str] = []
    numbers = count()

    def succeed(message_id):
        function.running -= 1
        handled.append(message_id)
        bench.conclude(message_id, 200)

    for _ in range(200_000):
        for message_id in bench.started():
            taken = function.admits()
            end: Callable[[], None] = partial(bench.conclude, message_id, 429)
            if taken:
                end = partial(succeed, message_id)
            heapq.heappush(ends, (bench.clock.now + RUN_MS * taken + 1, next(numbers), end))
        wakes = bench.engine.dispatcher.next_wakeup_ms(bench.clock.now)
        moments = [ends[0][0]] if ends else []
        moments += [wakes] if wakes is not None else []
        if not moments:
            break
        bench.clock.now = max(bench.clock.now, min(moments))
        while ends and ends[0][0] <= bench.clock.now:
            heapq.heappop(ends)[2]()
    return ids, handled


def drafts_of(sent, many=BURST):
    flow = read_flow_control(
        sent.get("Upstash-Flow-Control-Key"), sent.get("Upstash-Flow-Control-Value"), queue=None
    )
    draft = {
        "max_retries": int(sent["Upstash-Retries"]),
        "retry_delay": sent["Upstash-Retry-Delay"],
        "flow_control": flow,
    }
    return [draft] * many


def test_a_burst_on_five_places_becomes_no_dead_letter(open_bench):
    """Five places, five hundred messages at once: they wait in order, and none is throttled."""
    settings = stage_settings("dev")
    assert settings.reserved_concurrency[Topic.ORDERS] == PLACES
    bench, function = open_bench(parallelism=PLAN), Function(PLACES)

    published, handled = play(
        bench, drafts_of(headers({"orders": settings.parallelism(Topic.ORDERS)})), function
    )

    assert handled == published
    assert (function.throttled, len(bench.engine.store.dead_letters)) == (0, 0)
    assert function.most == settings.parallelism(Topic.ORDERS) < PLACES


def test_without_flow_control_the_same_burst_is_dead_letters_within_seconds(open_bench):
    """The fault that the limit is for: this test fails if the stand-in stops showing it."""
    bench, function = open_bench(parallelism=PLAN), Function(PLACES)
    start = bench.clock.now

    _, handled = play(bench, drafts_of(headers({})), function)

    dead = bench.engine.store.dead_letters
    assert len(dead) > BURST / 2
    assert len(dead) + len(handled) == BURST
    assert bench.clock.now - start < 60_000


def test_a_producer_without_a_key_takes_the_places_that_stay_free(open_bench):
    """Its few messages, and failure callbacks, come past the limit and are still handled."""
    limit = stage_settings("dev").parallelism(Topic.ANALYTICS)
    bench, function = open_bench(parallelism=PLAN), Function(PLACES)
    mixed = [*drafts_of(headers({"orders": limit}), 100), *drafts_of(headers({}), PLACES - limit)]

    published, handled = play(bench, mixed, function)

    assert sorted(handled) == sorted(published)
    assert (function.throttled, len(bench.engine.store.dead_letters)) == (0, 0)


@pytest.mark.parametrize("parallelism", [1, 4])
def test_no_second_sees_more_calls_than_a_function_url_takes(open_bench, parallelism):
    """However short the runs are: ten calls per second and place."""
    flow = read_flow_control("k", flow_value(parallelism), queue=None)
    bench = open_bench(parallelism=PLAN)
    for _ in range(parallelism * 25):
        bench.publish(flow_control=flow)
    calls = []
    for _ in range(3_000):
        for message_id in bench.started():
            calls.append(bench.clock.now)
            bench.conclude(message_id, 200)
        bench.clock.move(1)

    assert len(calls) == parallelism * 25
    start = calls[0]
    for second in range(3):
        at = [call for call in calls if second * 1000 <= call - start < (second + 1) * 1000]
        assert len(at) <= parallelism * 10


def test_each_stage_and_topic_has_a_key_of_its_own():
    sent = headers({"orders": 4})

    assert sent["Upstash-Flow-Control-Key"] == flow_key("order-pipeline-dev", "orders")
    assert sent["Upstash-Flow-Control-Value"] == "parallelism=4, rate=40, period=1s"
    assert not [name for name in headers({}) if "Flow-Control" in name]
