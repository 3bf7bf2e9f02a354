"""Two runs of one event at once, while the claim in Redis is lost: at every step, what was asked for
is sent once, and no run takes a send for decided that another run may still have to make (I12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.notifications.channels.push.devices import DeviceTables
from tests.builders import answer_of
from tests.contracts.samples import sample
from tests.fakes.mailer import InMemoryMailer
from tests.fakes.messages import InMemoryPushSender, InMemorySmsSender
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults, Killed

ENDPOINT = (
    "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/shop/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
)
OTHER_ENDPOINT = ENDPOINT[:-1] + "4"
USER = sample("notification.push")["payload"]["userId"]
# More calls to the store than any delivery makes.
STEPS = range(12)
EVERY_CHANNEL = pytest.mark.parametrize("channel", ["email", "sms", "push"])
EVERY_STEP = pytest.mark.parametrize("step", STEPS)


@dataclass
class Rig:
    """One event of one channel, over a pipeline whose Redis is down."""

    channel: str
    shop: Pipeline = field(default_factory=Pipeline)

    def __post_init__(self) -> None:
        self.shop.redis.down = True
        devices = DeviceTables(self.shop.memory, self.shop.clock)
        devices.register(USER, ENDPOINT)
        devices.register(USER, OTHER_ENDPOINT)

    @property
    def sender(self) -> InMemoryMailer | InMemorySmsSender | InMemoryPushSender:
        boxes: dict[str, InMemoryMailer | InMemorySmsSender | InMemoryPushSender] = {
            "email": self.shop.mailer,
            "sms": self.shop.texts,
            "push": self.shop.pushes,
        }
        return boxes[self.channel]

    @property
    def recipients(self) -> int:
        return 2 if self.channel == "push" else 1

    def deliver(self, mode: str = "ok", *, tables: Any = None) -> dict[str, Any]:
        """One delivery, during which the service behaves so."""
        self.shop.tables, before = tables or self.shop.memory, self.shop.tables
        self.sender.mode, was = mode, self.sender.mode
        try:
            return self.shop.deliver("notifications", sample(f"notification.{self.channel}"))
        finally:
            self.shop.tables, self.sender.mode = before, was

    def overtaken(self, step: int, meanwhile: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A delivery, and before its so-many-th call to the store a whole other one."""
        faults, others = Faults(), list[dict[str, Any]]()

        def watch(_name: str) -> None:
            if len(faults.calls) == step + 1 and not others:
                others.append(self.deliver(meanwhile))

        faults.watch = watch
        return self.deliver(tables=faults.wrap("tables", self.shop.memory)), others

    def recorded(self) -> Mapping[str, Any] | None:
        event_id = sample(f"notification.{self.channel}")["eventId"]
        return self.shop.memory.get("ledger", {"id": f"notifications#{event_id}"})

    def states(self) -> list[str]:
        return [
            str(row["state"]) for row in self.shop.memory.all("notifications") if "event" in row
        ]


@EVERY_CHANNEL
@EVERY_STEP
@pytest.mark.parametrize("first", ["throttled", None])
def test_no_run_takes_a_send_for_decided_that_failed_in_another_run(channel, step, first):
    rig = Rig(channel)
    if first is not None:
        assert rig.deliver(first)["statusCode"] == 503

    answer, others = rig.overtaken(step, "throttled")

    if rig.recorded() is None:
        assert answer["statusCode"] == 503
        assert rig.deliver()["statusCode"] == 200
    assert all(other["statusCode"] in {200, 503} for other in others)
    assert len(rig.sender.sent) == rig.recipients
    assert rig.states() == ["sent"] * rig.recipients


@EVERY_CHANNEL
def test_the_run_that_finds_a_failure_of_another_run_is_busy_and_the_next_one_sends(channel):
    rig = Rig(channel)
    rig.deliver("throttled")
    # Of a push, the calls before are for the user's devices and for the event's content.
    answer, [other] = rig.overtaken(3 if channel == "push" else 1, "throttled")

    assert (answer["statusCode"], answer_of(answer)["error"]["code"]) == (503, "busy")
    assert other["statusCode"] == 503
    assert rig.recorded() is None
    assert rig.deliver()["statusCode"] == 200
    assert len(rig.sender.sent) == rig.recipients


@EVERY_CHANNEL
@EVERY_STEP
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_dies_anywhere_after_a_failure_leaves_a_mail_that_is_out_or_in_doubt(
    channel, step, moment
):
    rig = Rig(channel)
    rig.deliver("throttled")
    faults = Faults({(step, moment): Killed})
    try:
        rig.deliver(tables=faults.wrap("tables", rig.shop.memory))
    except Killed:
        rig.shop.clock.advance(60)

    assert rig.deliver()["statusCode"] == 200
    assert len(rig.sender.sent) <= rig.recipients
    assert set(rig.states()) <= {"sent", "unknown"}
    assert len(rig.states()) == rig.recipients
    assert rig.states().count("sent") <= len(rig.sender.sent)


# ------------------------------------------------------------------ over the cap
@pytest.mark.parametrize("channel", ["email", "sms"])
@EVERY_STEP
def test_no_run_takes_a_send_for_decided_that_another_run_put_off(channel, step):
    rig = Rig(channel)
    rig.shop.environ |= {"MAILS_PER_HOUR": "1", "SMS_PER_HOUR": "1"}

    def fill_the_hour(number: int) -> None:
        event = sample(f"notification.{channel}")
        rig.shop.deliver("notifications", {**event, "eventId": f"evt-first-of-{number}"})

    fill_the_hour(0)
    assert rig.deliver()["statusCode"] == 503
    rig.shop.clock.advance(3600)
    fill_the_hour(1)

    answer, others = rig.overtaken(step, "ok")

    for put_off in [answer, *others]:
        assert answer_of(put_off)["error"]["code"] == "recipient_cap"
        # No earlier than the next hour, or the try is in vain.
        assert int(put_off["headers"]["retry-after"]) > 3000
    assert rig.recorded() is None
    rig.shop.clock.advance(3600 + 300)
    assert rig.deliver()["statusCode"] == 200
    assert len(rig.sender.sent) == 3


# ------------------------------------------------------------------ an id that is used twice
def other_push(**changes: Any) -> dict[str, Any]:
    event = sample("notification.push")
    return {**event, "payload": {**event["payload"], **changes}}


def rig_of_two_users() -> Rig:
    rig = Rig("push")
    DeviceTables(rig.shop.memory, rig.shop.clock).register("user-2", ENDPOINT[:-1] + "5")
    return rig


@pytest.mark.parametrize("first", ["ok", "lost_reply", "throttled"])
@pytest.mark.parametrize("changes", [{"userId": "user-2"}, {"body": "Another word."}])
def test_another_push_under_an_id_in_use_reaches_no_device(first, changes):
    rig = rig_of_two_users()
    rig.deliver(first)
    before = list(rig.shop.pushes.sent)

    answer = rig.shop.deliver("notifications", other_push(**changes))

    assert answer["statusCode"] == 489
    assert answer_of(answer)["error"]["code"] == "event_id_reused"
    assert rig.shop.pushes.sent == before


@EVERY_STEP
def test_of_two_pushes_under_one_id_at_once_one_is_sent(step):
    rig = rig_of_two_users()
    faults, others = Faults(), list[dict[str, Any]]()

    def watch(_name: str) -> None:
        if len(faults.calls) == step + 1 and not others:
            rig.shop.tables = rig.shop.memory
            others.append(rig.shop.deliver("notifications", other_push(userId="user-2")))

    faults.watch = watch
    first = rig.deliver(tables=faults.wrap("tables", rig.shop.memory))

    answers = [first, *others]
    assert [answer["statusCode"] for answer in answers].count(200) == 1
    assert len({push.user_id for push in rig.shop.pushes.sent}) == 1


def test_a_push_that_is_repeated_in_another_spelling_is_the_same_push():
    rig = Rig("push")
    rig.deliver("throttled")

    assert rig.shop.deliver("notifications", other_push(more="unknown"))["statusCode"] == 200
    assert len(rig.shop.pushes.sent) == rig.recipients
