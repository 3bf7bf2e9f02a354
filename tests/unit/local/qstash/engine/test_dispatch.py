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
        world.dispatcher.add(Message(name, ord(name), 0, Draft(flow_control=FlowControl("k"))))

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


def test_pinned_limits_ignore_what_messages_say():
    key = FlowKey("k", parallelism=1, pinned_parallelism=True)
    key.adopt(FlowControl("k", parallelism=9, rate=3, period_ms=2000))

    assert (key.parallelism, key.rate, key.period_ms) == (1, 3, 2000)
