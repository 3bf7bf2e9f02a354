"""The ports of one instance: in memory behind them, the gate of the running invocation before."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from urllib3.exceptions import HTTPError

from functions.notifications.channels.email.mail import Mail
from shared.kernel.errors import (
    ContentionError,
    DeliveryUnknownError,
    DependencyError,
    MailRefusedError,
)
from shared.storage.writes import Item, Key, Update, Write
from shared.telemetry.measurement import Measure
from tests.simulation.dice import EVERYWHERE, Fault

if TYPE_CHECKING:
    from tests.simulation.fleet import Instance
    from tests.simulation.invocation import Invocation

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
READ = (*EVERYWHERE, Fault.SILENT_BEFORE)
QUERY = (*READ, Fault.STALE)
SILENT = (Fault.SILENT_BEFORE, Fault.SILENT_AFTER, Fault.SILENT_LATE)
WRITE = (*EVERYWHERE, *SILENT, Fault.THROTTLED)
MAIL = (*EVERYWHERE, *SILENT, Fault.THROTTLED, Fault.NEVER)
WEB = (*EVERYWHERE, *SILENT, Fault.REFUSED, Fault.GARBLED, Fault.PARTIAL)
_STICKY = {Fault.SILENT_BEFORE, Fault.SILENT_AFTER, Fault.REFUSED}


class InstanceClock:
    """The clock of one machine: virtual time, and wrong by a few seconds."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance

    def now(self) -> datetime:
        return START + timedelta(seconds=self._instance.world.now + self._instance.skew)

    def monotonic(self) -> float:
        return self._instance.world.now

    def sleep(self, seconds: float) -> None:
        self._instance.running().task.wait(seconds)


class GuardedTables:
    """The ``Tables`` port."""

    def __init__(self, instance: "Instance") -> None:
        self._instance, self._world = instance, instance.world

    def get(self, table: str, key: Key) -> Item | None:
        run = self._instance.running()

        def effect(_fault: Fault | None) -> Item | None:
            if str(next(iter(key.values()))).startswith("suppressed#"):
                run.suppression_read = self._world.now
            return self._world.tables.get(table, key)

        return run.call(f"tables.get {table}", effect, possible=READ, silent=_no_store)

    def get_many(self, keys: Sequence[tuple[str, Key]]) -> list[Item | None]:
        return self._instance.running().call(
            "tables.get_many",
            lambda _fault: self._world.tables.get_many(keys),
            possible=READ,
            silent=_no_store,
        )

    def query(
        self,
        table: str,
        value: str,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[Item]:
        tables = self._world.tables

        def effect(fault: Fault | None) -> list[Item]:
            ask = tables.stale_query if fault is Fault.STALE else tables.query
            return ask(table, value, index=index, newest_first=newest_first, limit=limit)

        return self._instance.running().call(
            f"tables.query {table}", effect, possible=QUERY, silent=_no_store
        )

    def transact(self, writes: Sequence[Write]) -> None:
        run = self._instance.running()
        names = list(dict.fromkeys(write.table for write in writes))
        shelves = [
            write.key["sku"]
            for write in writes
            if isinstance(write, Update) and write.table == "stock"
        ]
        name = f"tables.transact {'+'.join(names)}"

        def effect(_fault: Fault | None) -> str:
            self._world.records.committed_key = ""
            self._world.tables.transact(writes)
            run.note(f"stores {', '.join(names)}", *shelves)
            return self._world.records.committed_key

        calm = self._world.dice.calm or self._world.no_writes_until <= self._world.now
        key = run.call(
            name,
            effect,
            possible=WRITE,
            silent=_no_store,
            throttled=lambda: ContentionError("transaction conflict"),
            fault=None if calm else Fault.SILENT_BEFORE,
        )
        run.learned.append(key)


def _no_store() -> Exception:
    return DependencyError("the store did not answer")


class GuardedMailer:
    """The ``Mailer`` port: a mail service that takes a mail, or does not, or does not say."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance

    def send(self, mail: Mail) -> str:
        run, world = self._instance.running(), self._instance.world

        def effect(fault: Fault | None) -> str:
            if fault is Fault.NEVER:
                raise MailRefusedError("message rejected")
            world.records.mailed(mail, run)
            run.note(f"sends the mail {mail.template_id} to {mail.to}")
            return f"mail-{len(world.records.mails)}"

        return run.call(
            "mailer.send",
            effect,
            possible=MAIL,
            silent=lambda: DeliveryUnknownError("no answer"),
            throttled=lambda: DependencyError("too many requests", retry_after=30),
        )


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, as urllib3 gives it."""

    status: int
    data: bytes


class WebPool:
    """The part of urllib3's pool manager that our QStash adapters use, with QStash behind it."""

    def __init__(self, instance: "Instance") -> None:
        self._instance, self._world = instance, instance.world

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        **_options: object,
    ) -> Answer:
        run = self._instance.running()
        fault = run.qstash_trouble.pop() if run.qstash_trouble else None
        name = f"qstash {method} {url.partition('/v2/')[2].partition('?')[0].partition('/')[0]}"
        if fault is None:
            fault = self._world.dice.fault(name, WEB)
            if fault in _STICKY and self._world.dice.fraction() < 0.7:
                run.qstash_trouble = [fault] * 2

        def effect(fault: Fault | None) -> Answer:
            return self._answer(run, method, url, body, fault)

        return run.call(
            name, effect, possible=(), silent=lambda: HTTPError("no answer"), fault=fault
        )

    def _answer(
        self, run: "Invocation", method: str, url: str, body: bytes, fault: Fault | None
    ) -> Answer:
        qstash = self._world.qstash
        if qstash.down:
            raise HTTPError("connection refused")
        if fault is Fault.REFUSED:
            return Answer(503, b'{"error":"try again"}')
        if method == "POST":
            refuse = (lambda index: index % 2 == 1) if fault is Fault.PARTIAL else None
            results: Any = qstash.batch(
                json.loads(body), refuse=refuse, newer=self._instance.newer, who=run.who
            )
        elif method == "GET":
            results = qstash.dead_letters(dict(parse_qsl(url.partition("?")[2])))
        else:
            return Answer(qstash.remove(url.rpartition("/")[2]), b"")
        return Answer(200, b"<html>" if fault is Fault.GARBLED else _json(results))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


class InstanceTelemetry:
    """Keeps what invariants ask about: measures, and failures that nobody injected."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._event_id = ""

    def bind(self, **fields: str | int) -> None:
        self._event_id = str(fields.get("event_id", ""))

    def info(self, message: str, **fields: str | int | bool) -> None:
        """Nothing in the simulation reads the log."""

    warning = info

    def failure(self, message: str, error: BaseException, **fields: str | int | bool) -> None:
        self._instance.world.records.surprise(self._instance.running(), error)

    def count(self, metric: str, value: int = 1) -> None:
        self._instance.world.tally.metric(metric, value)

    def measure(self, measure: Measure) -> None:
        instance = self._instance
        instance.world.records.measured(instance.function, self._event_id, measure)

    def flush(self) -> None:
        """Nothing to write out."""
