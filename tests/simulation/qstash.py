"""A QStash in memory: accepts, signs, delivers at least once, retries, reports, keeps what failed."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from local.qstash.syntax.retry_expression import RetryExpression, parse_retry_expression
from shared.storage.records.dead_letter import DeadLetterState
from tests.builders import request
from tests.pipeline import URLS
from tests.signing import by_hand, claims_for
from tests.simulation.journal import Breach
from tests.simulation.outside import START

if TYPE_CHECKING:
    from tests.simulation.world import World

# QStash swallows a repeated deduplication id for so long, whatever became of the first.
DEDUP_WINDOW = 600.0
_FORWARD = "upstash-forward-"
_CALLBACK = "upstash-failure-callback-"
_USUAL_BACKOFF = "1000 * exp(2.5 * (retried + 1))"
_PAGE = 9
_HOSTILE_URL = "http://169.254.169.254/latest/meta-data"
_parse = cache(parse_retry_expression)


@dataclass
class Message:
    """A message and how far it got: ``queued``, then ``delivered`` or ``failed``.

    Args:
        about: the event it carries; for a failure callback the event that failed.
        newer: written by the next version of a producer.
        source: for a failure callback the message that failed.
        refusal: the last answer to one that failed.
    """

    id: str
    url: str
    body: bytes
    headers: Mapping[str, str]
    retries: int
    backoff: RetryExpression
    failure_callback: str | None
    about: str
    kind: str
    created: float
    callback_retries: int = 3
    callback_backoff: RetryExpression = field(default_factory=lambda: _parse(_USUAL_BACKOFF))
    newer: bool = False
    source: str | None = None
    tries: int = 0
    state: str = "queued"
    refusal: str = ""

    @property
    def name(self) -> str:
        """For the story."""
        return f"callback about {self.kind}" if self.source else self.kind


class SimulatedQStash:
    """The service. ``down`` refuses publishers and holds deliveries back."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.down = False
        self.messages: dict[str, Message] = {}
        self.accepted: dict[str, float] = {}
        self.published_by: dict[str, str] = {}
        self.keys = [f"sig_{'current':0>28}", f"sig_{'following':0>28}"]
        self._dedup: dict[str, tuple[float, str, str]] = {}
        self._replayers: dict[str, str] = {}
        self._dead: dict[str, dict[str, Any]] = {}
        self._tokens = self._failures = 0

    # ------------------------------------------------------------------ publishing
    def batch(
        self,
        items: Sequence[Mapping[str, Any]],
        *,
        refuse: Callable[[int], bool] | None = None,
        newer: bool = False,
        who: str = "somebody",
    ) -> list[dict[str, Any]]:
        """Accept messages; one that is refused does not keep the others from being sent."""
        results: list[dict[str, Any]] = []
        for index, item in enumerate(items):
            if refuse is not None and refuse(index):
                results.append({"error": "quota exceeded"})
            elif ":" in str(item["headers"].get("Upstash-Deduplication-Id")):
                results.append({"error": "DeduplicationId cannot contain ':'"})
            else:
                results.append(self._accept(item, who, newer=newer))
                self.published_by.setdefault(_event_id(item), who)
        kinds = [str(item["headers"].get("Upstash-Forward-X-Event-Type")) for item in items]
        ids = [_event_id(item) for item in items]
        note = f"publishes {', '.join(kinds)}"
        self._world.note(who, note, *ids)
        return results

    def _swallowed(self, event_id: str, first: str, who: str) -> None:
        self._world.tally.add("swallowed")
        letter = self._world.tables.row("dead_letters", event_id) or {}
        by_replay = who.startswith("operator#") and letter.get("state") == DeadLetterState.REPLAYING
        if by_replay and not first.startswith(("operator#", "reconciler#")):
            told = "a replay bore the original's deduplication id and was swallowed"
            self._world.records.breach([Breach("I17", told, frozenset({event_id}))])

    def _replayed(self, event_id: str, dedup: str, who: str) -> None:
        if "-replay-" in dedup and self._replayers.setdefault(dedup, who) != who:
            told = f"{self._replayers[dedup]} and {who} replayed the same letter"
            self._world.records.breach([Breach("I17", told, frozenset({event_id}))])

    def _accept(self, item: Mapping[str, Any], who: str, *, newer: bool) -> dict[str, Any]:
        headers = {name.lower(): str(value) for name, value in item["headers"].items()}
        event_id = headers.get(f"{_FORWARD}x-event-id", "")
        self._world.records.published(str(item["destination"]), headers, str(item["body"]))
        self.accepted.setdefault(event_id, self._world.now)
        dedup = headers.get("upstash-deduplication-id", "")
        self._replayed(event_id, dedup, who)
        since, known, first = self._dedup.get(dedup, (0.0, "", ""))
        if dedup and known and self._world.now - since < DEDUP_WINDOW:
            self._swallowed(event_id, first, who)
            return {"messageId": known, "deduplicated": True}
        body = str(item["body"])
        message = Message(
            id=self._new_id(),
            url=str(item["destination"]),
            body=(_as_newer(body) if newer else body).encode(),
            headers={n[len(_FORWARD) :]: v for n, v in headers.items() if n.startswith(_FORWARD)},
            retries=(retries := int(headers.get("upstash-retries", "3"))),
            backoff=_parse(headers.get("upstash-retry-delay", _USUAL_BACKOFF)),
            failure_callback=headers.get("upstash-failure-callback"),
            callback_retries=int(headers.get(f"{_CALLBACK}retries", retries)),
            callback_backoff=_parse(headers.get(f"{_CALLBACK}retry-delay", _USUAL_BACKOFF)),
            about=event_id,
            kind=headers.get(f"{_FORWARD}x-event-type", "something"),
            created=self._world.now,
            newer=newer,
        )
        if dedup:
            self._dedup[dedup] = (self._world.now, message.id, who)
        delay = float(headers.get("upstash-delay", "0s").rstrip("s"))
        self._enqueue(message, delay)
        return {"messageId": message.id}

    def _new_id(self) -> str:
        return f"msg_{len(self.messages) + 1}"

    def _enqueue(self, message: Message, delay: float) -> None:
        self.messages[message.id] = message
        courier = self._world.dice.courier()
        self._world.scheduler.after(delay + courier.delay, lambda: self._deliver(message))
        for later in courier.copies:
            self.deliver_copy(message, delay + later)

    def deliver_copy(self, message: Message, delay: float) -> None:
        """At least once means: sometimes twice, at once or long after."""
        self._world.tally.add("duplicates")
        self._world.scheduler.after(delay, lambda: self._deliver(message, copy=True))

    # ------------------------------------------------------------------ delivering
    def _deliver(self, message: Message, *, copy: bool = False) -> None:
        if message.state != "queued" and not copy:
            return
        if self.down:
            self._world.scheduler.after(7.0, lambda: self._deliver(message, copy=copy))
            return
        function, suffix = _function_of(message.url)
        headers = {
            **message.headers,
            "upstash-signature": self.sign(message.url, message.body),
            "upstash-message-id": message.id,
            "upstash-retried": str(message.tries),
        }
        who = "copy" if copy else f"try {message.tries + 1}"
        note = f"delivers {message.name} ({who}) as {message.id}"
        self._world.note("QStash", note, message.about)
        self._world.tally.add("deliveries")
        self._world.fleet.invoke(
            function,
            request(message.body, headers=headers, path=f"/{suffix}"),
            subject=message.about,
            on_answer=lambda answer: self._answered(message, answer, copy=copy),
        )

    def sign(self, url: str, body: bytes, *, key: str | None = None) -> str:
        """A token for one delivery, made now."""
        self._tokens += 1
        now = START.timestamp() + self._world.now
        claims = claims_for(url, body, now, jti=f"jwt_{self._tokens}")
        return by_hand({"alg": "HS256", "typ": "JWT"}, claims, key or self.keys[0])

    def _answered(self, message: Message, answer: dict[str, Any] | None, *, copy: bool) -> None:
        status = 0 if answer is None else int(answer["statusCode"])
        said = f"is answered {status}" if status else "is never answered"
        self._world.note("QStash", f"{message.id} {said}", message.about)
        self._world.records.answered(message, status)
        if status and self._world.dice.answer_lost():
            self._world.tally.add("answers lost")
            self._world.note("QStash", f"but the answer to {message.id} is lost", message.about)
            answer, status = None, 0
        if copy or message.state != "queued":
            return
        message.tries += 1
        if 200 <= status < 300:
            message.state = "delivered"
            return
        headers: Mapping[str, str] = {} if answer is None else answer["headers"]
        for_good = status == 489 and headers.get("Upstash-NonRetryable-Error") == "true"
        if for_good or message.tries > message.retries:
            self._fail(message, status, "" if answer is None else str(answer["body"]))
            return
        self._world.tally.add("retries")
        asked = headers.get("retry-after")
        delay = float(asked) if asked else message.backoff.delay_ms(message.tries - 1) / 1000
        self._world.scheduler.after(delay, lambda: self._deliver(message))

    # ------------------------------------------------------------------ giving up
    def _fail(self, message: Message, status: int, answer: str) -> None:
        message.state, message.refusal = "failed", answer
        self._failures += 1
        now = int((START.timestamp() + self._world.now) * 1000)
        dlq_id = f"{now}-{self._failures}"
        self._world.tally.add("dead letters")
        self._world.note("QStash", f"gives up on {message.name} {message.id}", message.about)
        created = int((START.timestamp() + message.created) * 1000)
        self._dead[dlq_id] = {
            "dlqId": dlq_id,
            "number": self._failures,
            "messageId": message.id,
            "url": message.url,
            "method": "POST",
            "header": {name: [value] for name, value in message.headers.items()},
            "body": message.body.decode("utf-8", "replace"),
            "maxRetries": message.retries,
            "createdAt": created,
            "responseStatus": status,
            "responseBody": answer,
        }
        if message.failure_callback:
            self._call_back(message, dlq_id, status, answer)

    def _call_back(self, message: Message, dlq_id: str, status: int, answer: str) -> None:
        hostile = self._world.dice.fraction() < 0.2
        body = {
            "status": status,
            "header": {},
            "body": base64.b64encode(answer.encode()).decode(),
            "retried": message.tries - 1,
            "maxRetries": message.retries,
            "dlqId": dlq_id,
            "sourceMessageId": message.id,
            "url": _HOSTILE_URL if hostile else message.url,
            "method": "POST",
            "sourceHeader": {name: [value] for name, value in message.headers.items()},
            "sourceBody": base64.b64encode(message.body).decode(),
            "createdAt": int((START.timestamp() + message.created) * 1000),
        }
        callback = Message(
            id=self._new_id(),
            url=str(message.failure_callback),
            body=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
            retries=message.callback_retries,
            backoff=message.callback_backoff,
            failure_callback=None,
            about=message.about,
            kind=message.kind,
            created=self._world.now,
            source=message.id,
        )
        self._enqueue(callback, 0.0)

    def dead_letters(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of the dead letter queue, newest first; short pages, so that there are several."""
        before = int(query.get("cursor", self._failures + 1))
        older = [number for number in self._dead_numbers() if number < before]
        shown = older[: min(int(query["count"]), _PAGE)]
        more = {"cursor": str(shown[-1])} if len(shown) < len(older) else {}
        by_number = {entry["number"]: entry for entry in self._dead.values()}
        return {"messages": [by_number[number] for number in shown], **more}

    def _dead_numbers(self) -> list[int]:
        return sorted((entry["number"] for entry in self._dead.values()), reverse=True)

    def remove(self, dlq_id: str) -> int:
        """Remove an entry: the HTTP status that says whether it was there."""
        entry = self._dead.pop(dlq_id, None)
        if entry is None:
            return 404
        about = self.messages[str(entry["messageId"])].about
        self._world.note("QStash", f"forgets that {entry['messageId']} failed", about)
        return 200

    def rotate_keys(self) -> None:
        """The following key becomes the current one."""
        self.keys = [self.keys[1], f"sig_{f'rotated{self._tokens}':0>28}"]


def _event_id(item: Mapping[str, Any]) -> str:
    return str(item["headers"].get("Upstash-Forward-X-Event-ID"))


def _function_of(url: str) -> tuple[str, str]:
    for function, address in URLS.items():
        if url.startswith(address):
            return function, url.removeprefix(address)
    raise AssertionError(f"a message went to {url}")


def _as_newer(body: str) -> str:
    """The envelope as the next version of a producer writes it (I25)."""
    values = json.loads(body)
    values |= {"version": "1.7", "shard": 3, "hints": {"priority": ["new", None]}}
    if isinstance(values.get("payload"), dict):
        values["payload"] |= {"channel": "kiosk", "loyalty": {"points": 12}}
    return json.dumps(values)
