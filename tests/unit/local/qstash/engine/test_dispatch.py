"""Who starts when: due times, slots, FIFO queues and flow-control keys."""

import itertools

import pytest

from local.qstash.engine.dispatch import Dispatcher
from local.qstash.model.drafts import Draft, FlowControl
from local.qstash.model.flow_control import FlowKey
from local.qstash.model.messages import Message
from local.qstash.model.queue import Queue


class World:
    """A dispatcher with the queues and keys they look up."""

    def __init__(self, slots: int = 10) -> None:
        self.queues = {"q": Queue("q")}
        self.flow_keys: dict[str, FlowKey] = {}
        self.dispatcher = Dispatcher(
            slots=slots, queue=self.queues.__getitem__, flow_key=self.flow_keys.__getitem__
        )
        self._numbers = itertools.count(1)

    def add(self, name: str, *, at: int = 0, **options) -> Message:
        message = Message(name, next(self._numbers), 0, Draft(**options), next_ms=at)
        self.dispatcher.add(message)
        return message

    def take(self, now: int = 0) -> list[str]:
        return [message.id for message in self.dispatcher.take(now)]


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_starts_before_its_time(world):
    world.add("late", at=100)

    assert world.take(99) == []
    assert world.dispatcher.next_wakeup_ms(99) == 100
    assert world.take(100) == ["late"]
    assert world.dispatcher.next_wakeup_ms(100) is None


def test_no_more_start_than_there_are_slots():
    world = World(slots=2)
    first, *_ = [world.add(name) for name in "abc"]

    assert world.take() == ["a", "b"]
    assert world.take() == []
    world.dispatcher.settle(first)
    assert world.take() == ["c"]


def test_a_paused_server_starts_nothing_and_needs_no_timer(world):
    world.add("a")
    world.dispatcher.paused = True

    assert world.take() == []
    assert world.dispatcher.next_wakeup_ms(0) is None


def test_what_waits_for_later_starts_when_told_to_hurry_and_what_was_cancelled_does_not(world):
    world.add("a", at=5000)
    world.add("b", at=9000)
    gone = world.add("c", at=100)
    world.dispatcher.settle(gone)

    assert world.dispatcher.hurry() == 2
    assert world.take(0) == ["a", "b"]
    assert world.dispatcher.hurry() == 0


def test_a_cancelled_message_never_starts(world):
    message = world.add("a", at=50)
    world.dispatcher.settle(message)

    assert world.take(100) == []


def test_a_queue_waits_for_retries_of_its_first_message(world):
    first, second = world.add("a", queue="q"), world.add("b", queue="q")
    assert world.take() == ["a"]

    world.dispatcher.attempt_ended(first)
    first.next_ms = 1000
    world.dispatcher.add(first)

    assert world.take(10) == []
    assert world.take(1000) == ["a"]
    world.dispatcher.settle(first)
    assert world.take(1000) == ["b"]
    assert world.dispatcher.line_length("q") == 1
    world.dispatcher.settle(second)
    assert world.dispatcher.line_length("q") == 0


def test_a_queue_waits_for_the_callbacks_of_its_first_message(world):
    first = world.add("a", queue="q")
    world.add("b", queue="q")
    world.take()
    callback = world.add("report", source_id="a", held_queue="q")
    world.dispatcher.settle(first)

    assert world.take() == ["report"]
    world.dispatcher.settle(callback)
    assert world.take() == ["b"]


def test_a_queues_parallelism_lets_the_first_few_move(world):
    world.queues["q"] = Queue("q", parallelism=2)
    for name in "abc":
        world.add(name, queue="q")

    assert world.take() == ["a", "b"]


def test_a_paused_queue_holds_only_its_own_messages(world):
    world.queues["q"].paused = True
    world.add("queued", queue="q")
    world.add("free")

    assert world.take() == ["free"]


def test_after_a_restart_a_queue_continues_with_the_callback_it_waited_for(world):
    waiting = Message("b", 2, 0, Draft(queue="q"))
    report = Message("report", 3, 0, Draft(source_id="a", held_queue="q"))
    world.dispatcher.restore([waiting, report])

    assert world.take() == ["report"]
    world.dispatcher.settle(report)
    assert world.take() == ["b"]


def test_a_flow_key_limits_how_many_run_at_once(world):
    world.flow_keys["k"] = FlowKey("k", parallelism=1)
    first = world.add("a", flow_control=FlowControl("k", 1))
    world.add("b", flow_control=FlowControl("k", 1))

    assert world.take() == ["a"]
    assert world.dispatcher.waiting_on("k") == 1
    world.dispatcher.settle(first)
    assert world.take() == ["b"]


def test_a_flow_key_limits_how_many_start_per_period(world):
    world.flow_keys["k"] = FlowKey("k", rate=2, period_ms=1000)
    for name in "abc":
        world.dispatcher.add(
            Message(name, ord(name), 0, Draft(flow_control=FlowControl("k", rate=2)))
        )

    assert world.take(5000) == ["a", "b"]
    assert world.dispatcher.next_wakeup_ms(5100) == 6000
    assert world.take(5999) == []
    assert world.take(6000) == ["c"]


def test_a_blocked_key_or_queue_does_not_hold_up_the_others():
    world = World(slots=2)
    world.flow_keys["k"] = FlowKey("k", paused=True)
    world.queues["q"].paused = True
    for number in range(20):
        world.add(f"k{number}", flow_control=FlowControl("k"))
        world.add(f"q{number}", queue="q")
    world.add("free")

    assert world.take() == ["free"]
    assert world.dispatcher.next_wakeup_ms(0) is None


def test_while_messages_with_old_limits_wait_the_highest_limits_count(world):
    world.flow_keys["k"] = key = FlowKey("k", parallelism=1)
    old = [world.add(f"old{n}", flow_control=FlowControl("k", 3)) for n in range(4)]
    for number in range(3):
        world.add(f"new{number}", flow_control=FlowControl("k", 1))

    assert world.take() == ["old0", "old1", "old2"]
    assert key.parallelism_now == 3
    world.dispatcher.settle(old[0])
    assert world.take() == ["old3"]
    assert key.parallelism_now == 1, "only messages with the new limits wait now"
    world.dispatcher.settle(old[1])
    world.dispatcher.settle(old[2])
    assert world.take() == []
    world.dispatcher.settle(old[3])
    assert world.take() == ["new0"]


def test_a_higher_limit_takes_hold_at_once_for_those_that_wait_with_the_old_one(world):
    world.flow_keys["k"] = FlowKey("k", parallelism=1)
    for number in range(3):
        world.add(f"old{number}", flow_control=FlowControl("k", 1))
    assert world.take() == ["old0"]

    world.add("new", flow_control=FlowControl("k", 3))

    assert world.take() == ["old1", "old2"]


def test_a_cancelled_message_s_limits_count_no_longer(world):
    world.flow_keys["k"] = key = FlowKey("k", parallelism=1)
    world.add("a", flow_control=FlowControl("k", 1))
    world.add("b", flow_control=FlowControl("k", 1))
    high = world.add("high", flow_control=FlowControl("k", 2))
    later = world.add("later", at=9, flow_control=FlowControl("k", 8))
    assert world.take() == ["a", "b"]
    assert key.parallelism_now == 2, "what is not due does not wait for a place"

    world.dispatcher.settle(high)
    world.dispatcher.settle(later)

    assert key.parallelism_now == 1
    assert not key.waiting


def test_the_highest_rate_is_the_most_per_time_and_none_is_higher_than_any():
    key = FlowKey("k", rate=1)
    slow, fast = FlowControl("k", rate=30, period_ms=60_000), FlowControl("k", rate=2)
    key.joined(slow)
    key.joined(fast)
    assert key.rate_now == (2, 1000)

    key.joined(FlowControl("k", parallelism=4))
    assert key.rate_now[0] is None
    assert key.parallelism_now is None
    key.left(FlowControl("k", parallelism=4))
    key.left(fast)
    assert key.rate_now == (30, 60_000)
    key.left(slow)
    assert key.rate_now == (1, 1000)


def test_pinned_limits_count_whatever_waits_and_what_waits_is_not_kept_over_a_restart():
    key = FlowKey("k", 1, 5, 2000, pinned_parallelism=True, pinned_rate=True)
    key.joined(FlowControl("k", parallelism=9, rate=90))

    assert (key.parallelism_now, key.rate_now) == (1, (5, 2000))
    assert "waiting" not in key.settings()


def test_a_message_in_a_queue_has_no_part_in_a_key_s_limits(world):
    world.flow_keys["k"] = key = FlowKey("k", parallelism=1)
    world.queues["q"].paused = True
    world.add("queued", queue="q", flow_control=FlowControl("k", 9))
    world.take()

    assert not key.waiting


def test_pinned_limits_ignore_what_messages_say():
    key = FlowKey("k", parallelism=1, pinned_parallelism=True)
    key.adopt(FlowControl("k", parallelism=9, rate=3, period_ms=2000))

    assert (key.parallelism, key.rate, key.period_ms) == (1, 3, 2000)
