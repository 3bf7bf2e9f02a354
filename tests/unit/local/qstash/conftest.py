"""A bench for the engine: a clock that stands still until told, ids that count, no sockets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from local.qstash.engine.engine import Engine
from local.qstash.model.backoff import Pace
from local.qstash.model.drafts import Draft
from local.qstash.model.messages import Message, Outcome
from local.qstash.signing import SigningKeys
from local.qstash.state.store import Store

START_MS = 1_795_000_000_000
KEYS = SigningKeys("sig_" + "c" * 28, "sig_" + "n" * 28)


@dataclass
class FakeClock:
    """Stands still until moved."""

    now: int = START_MS

    def now_ms(self) -> int:
        return self.now

    def move(self, delta_ms: int) -> None:
        self.now += delta_ms


class CountingRandom:
    """Names that are all different and always the same."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def text(self, length: int) -> str:
        return str(next(self._numbers)).zfill(length)


@dataclass
class Bench:
    """An engine with its clock, and the verbs tests speak in."""

    engine: Engine
    clock: FakeClock

    def publish(self, dedup_key: str | None = None, **options) -> str:
        draft = replace(
            Draft(url="http://127.0.0.1/hook", body=b"{}", not_before_ms=self.clock.now), **options
        )
        return self.engine.publish(draft, dedup_key).message_id

    def started(self) -> list[str]:
        return [message.id for message in self.engine.take_ready()]

    def message(self, message_id: str) -> Message:
        message = self.engine.store.message(message_id)
        assert message is not None
        return message

    def conclude(self, message_id: str, status: int = 200, headers=None, body: bytes = b"") -> None:
        outcome = Outcome(status, headers or {}, body)
        self.engine.conclude(self.message(message_id), outcome)

    def states(self, message_id: str) -> list[str]:
        log = self.engine.store.log.oldest_first()
        return [entry.state.value for _, entry in log if entry.message_id == message_id]

    def children(self, message_id: str) -> list[Message]:
        return [m for m in self.engine.store.unfinished() if m.draft.source_id == message_id]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def open_bench(clock: FakeClock) -> Iterator[Callable[..., Bench]]:
    """Start an engine; with a state file, starting again continues where the file ends."""
    stores: list[Store] = []

    def start(
        state_file: Path | None = None, *, parallelism: int = 10, scale: float = 1.0
    ) -> Bench:
        for store in stores:
            store.close()
        stores[:] = [Store.open(state_file, KEYS)]
        engine = Engine(
            store=stores[0],
            clock=clock,
            random=CountingRandom(),
            pace=Pace(scale),
            parallelism=parallelism,
            region="US-EAST-1",
        )
        return Bench(engine, clock)

    yield start
    for store in stores:
        store.close()


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    return open_bench()
