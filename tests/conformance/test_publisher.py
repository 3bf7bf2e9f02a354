"""Publishing, on the fake and on QStash alike."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from shared.contracts.topics import Topic
from shared.kernel.errors import PublishError
from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher
from tests.conformance.endpoint import Answer, Endpoint, Seen
from tests.conformance.messages import forwarding, message, publisher_to
from tests.fakes.clock import ManualClock
from tests.fakes.publisher import RecordingPublisher
from tests.services import Services, unique


@dataclass
class Kit:
    """An implementation, what arrived, and the ways to disturb it."""

    publisher: Publisher
    accepted: Callable[[int], list[str]]
    refuse: Callable[[], None]
    lose_replies: Callable[[], None]


@pytest.fixture(params=["memory", "qstash"])
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    if request.param == "memory":
        fake = RecordingPublisher()
        yield Kit(
            fake,
            lambda _count: fake.ids(),
            lambda: setattr(fake, "failing", True),
            lambda: setattr(fake, "failing_after_effect", True),
        )
        return
    services: Services = request.getfixturevalue("services")
    between: Endpoint = request.getfixturevalue("endpoint")
    services.reset_qstash()
    onward = between.respond = forwarding(services.qstash.url)

    def lost(seen: Seen) -> Answer:
        onward(seen)
        return Answer(lost=True)

    with publisher_to(between.url, ManualClock()) as publisher:
        yield Kit(
            publisher,
            lambda count: delivered(services.endpoint, count),
            lambda: setattr(between, "respond", lambda _seen: Answer(503)),
            lambda: setattr(between, "respond", lost),
        )
    services.reset_qstash()


def delivered(endpoint: Endpoint, count: int) -> list[str]:
    """Event ids in the order of delivery, once that many have come."""
    deadline = time.monotonic() + 10
    while len(endpoint.seen) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return [seen.headers["x-event-id"] for seen in endpoint.seen]


def test_every_message_of_a_batch_is_accepted(kit: Kit) -> None:
    messages = [message(unique("evt"), topic) for topic in Topic]

    kit.publisher.publish(messages)

    assert sorted(kit.accepted(5)) == sorted(sent.event_id for sent in messages)


def test_publishing_nothing_does_nothing(kit: Kit) -> None:
    kit.publisher.publish([])

    assert kit.accepted(0) == []


def test_publishing_the_same_again_is_harmless(kit: Kit) -> None:
    sent = [message(unique("evt")), message(unique("evt"))]

    kit.publisher.publish(sent)
    kit.publisher.publish(sent)

    assert set(kit.accepted(2)) == {entry.event_id for entry in sent}


def test_a_batch_may_mix_known_and_new_messages(kit: Kit) -> None:
    known, fresh = message(unique("evt")), message(unique("evt"))
    kit.publisher.publish([known])

    kit.publisher.publish([known, fresh])

    assert set(kit.accepted(2)) == {known.event_id, fresh.event_id}


def test_a_refusal_is_a_publish_error_and_nothing_is_sent(kit: Kit) -> None:
    kit.refuse()

    with pytest.raises(PublishError):
        kit.publisher.publish([message(unique("evt"))])

    assert kit.accepted(0) == []


def test_a_lost_reply_is_a_publish_error_although_the_message_is_on_its_way(kit: Kit) -> None:
    sent = message(unique("evt"))
    kit.lose_replies()

    with pytest.raises(PublishError):
        kit.publisher.publish([sent])

    assert set(kit.accepted(1)) == {sent.event_id}


def test_a_message_reads_the_same_from_the_outbox(kit: Kit) -> None:
    sent = message(unique("evt"), correlation_id=None, delay=0, retries=0)

    kit.publisher.publish([Outbound.from_item(sent.to_item())])

    assert kit.accepted(1) == [sent.event_id]
