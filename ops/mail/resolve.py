"""Looking at mail, texts and pushes whose fate is unknown, and deciding about each, once (I12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ops.dead_letters.domain import OperatorError
from shared import strict_json
from shared.clock import Clock, iso
from shared.contracts.topics import NOTIFICATION_PUSH, Topic
from shared.effects import Outbound
from shared.errors import PublishError
from shared.ids import caused_event_id, is_id
from shared.ports import Publisher, Tables
from shared.schema import NOTIFICATIONS
from shared.writes import ConditionsFailed, Equals, Item, Update, Value

Attention = Literal["unknown", "failed"]
Resolution = Literal["sent", "resend", "dropped"]


@dataclass(frozen=True, slots=True)
class DoubtfulMail:
    """A mail, text or push that waits for a decision.

    Args:
        template_id: of a mail; the channel of anything else.
    """

    event_id: str
    attention: str
    to: str
    subject: str
    template_id: str
    updated_at: str
    event: str

    @property
    def event_type(self) -> str:
        """The type of the event that asked for it."""
        values = strict_json.loads(self.event.encode(), max_bytes=400_000)
        return str(values["eventType"])


class MailDesk:
    """Doubtful mail, for operators."""

    def __init__(self, tables: Tables, publisher: Publisher, clock: Clock) -> None:
        self._tables, self._publisher, self._clock = tables, publisher, clock

    def waiting(self, attention: Attention) -> list[DoubtfulMail]:
        """Mail that needs somebody, longest waiting first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(NOTIFICATIONS.name, attention, index="byState", limit=1000)
        return [_mail(item) for item in items]

    def resolve(self, event_id: str, resolution: Resolution, *, actor: str, reason: str) -> bool:
        """Decide about one mail; False if somebody else did so first.

        ``sent``: it arrived after all. ``dropped``: nobody needs it any more. ``resend``: it did
        not arrive; the same mail goes out under a new event id.

        Raises:
            OperatorError: there is no such mail, no actor or no reason, or it is a push: the same
                event again would reach the user's other devices twice.
            PublishError: QStash did not take the new mail; the old one waits again.
            DependencyError: the store did not answer.
        """
        if not actor.strip() or not reason.strip():
            raise OperatorError("reason: is required, and so is who you are")
        item = self._tables.get(NOTIFICATIONS.name, {"id": event_id})
        if item is None or "event" not in item:
            raise OperatorError(f"event id: there is no mail {event_id}")
        mail = _mail(item)
        if resolution == "resend" and mail.event_type == NOTIFICATION_PUSH:
            raise OperatorError("resend: a push that is late helps nobody; choose sent or dropped")
        if not self._decide(mail, resolution, actor=actor, reason=reason):
            return False
        if resolution == "resend":
            try:
                self._publisher.publish([again(mail)])
            except PublishError:
                self._reopen(mail)
                raise
        return True

    def _decide(self, mail: DoubtfulMail, resolution: str, *, actor: str, reason: str) -> bool:
        entry: Mapping[str, Value] = {
            "at": iso(self._clock.now()),
            "action": resolution,
            "by": actor,
            "reason": reason,
        }
        return self._change(
            Update(
                NOTIFICATIONS.name,
                {"id": mail.event_id},
                set={"resolution": resolution},
                append={"history": [entry]},
                remove=("attention",),
                when=(Equals("attention", mail.attention),),
            )
        )

    def _reopen(self, mail: DoubtfulMail) -> None:
        self._change(
            Update(
                NOTIFICATIONS.name,
                {"id": mail.event_id},
                set={"attention": mail.attention},
                remove=("resolution",),
                when=(Equals("resolution", "resend"),),
            )
        )

    def _change(self, write: Update) -> bool:
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return False
        return True


def again(mail: DoubtfulMail) -> Outbound:
    """The mail's event under a new id that follows from the old one."""
    values = strict_json.loads(mail.event.encode(), max_bytes=400_000)
    event_type = mail.event_type
    new_id = caused_event_id(mail.event_id, f"{event_type}.resend", 0)
    correlation = values.get("correlationId")
    return Outbound(
        topic=Topic.NOTIFICATIONS,
        event_id=new_id,
        event_type=event_type,
        version=str(values["version"]),
        source=str(values["source"]),
        correlation_id=correlation if is_id(correlation) else None,
        body=strict_json.dumps({**values, "eventId": new_id, "causationId": mail.event_id}),
    )


def _mail(item: Item) -> DoubtfulMail:
    return DoubtfulMail(
        event_id=str(item["id"]),
        attention=str(item.get("attention", "")),
        to=str(item["to"]),
        subject=str(item.get("subject", "")),
        template_id=str(item.get("templateId") or item.get("channel", "")),
        updated_at=str(item["updatedAt"]),
        event=str(item["event"]),
    )
