"""No event is published that its own topic would not read, and none is stored that fits nowhere."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.envelope import MAX_EVENT_BYTES
from shared.kernel.errors import PayloadTooLargeError
from shared.messaging.effects import Effects
from shared.messaging.ledger import Ledger
from shared.messaging.outbox import Emit, Outbound
from shared.storage.size import MAX_ITEM_BYTES
from shared.storage.writes import Put
from tests.fakes.clock import ManualClock
from tests.fakes.tables import InMemoryTables


def audit(metadata: dict[str, Any]) -> AuditRecorded:
    payload = AuditPayload(action="a", entity_type="b", entity_id="c", metadata=metadata)
    return AuditRecorded(
        event_id="evt-1", timestamp=datetime(2026, 3, 1, tzinfo=UTC), source="api", payload=payload
    )


def of_length(length: int) -> AuditRecorded:
    event = audit({"n": ""})
    return audit({"n": "x" * (length - len(event.to_json()))})


def test_the_longest_event_that_is_read_is_published_and_one_byte_more_is_not():
    assert len(Outbound.of(of_length(MAX_EVENT_BYTES)).body) == MAX_EVENT_BYTES

    with pytest.raises(PayloadTooLargeError, match=r"payload: analytics\.audit must be at most"):
        Outbound.of(of_length(MAX_EVENT_BYTES + 1))


def test_bytes_count_and_not_characters():
    with pytest.raises(PayloadTooLargeError):
        Outbound.of(audit({"n": "ü" * (MAX_EVENT_BYTES // 2)}))


def test_a_decision_that_fits_into_no_item_is_refused_for_good_and_stores_nothing():
    tables = InMemoryTables()
    ledger = Ledger(tables, ManualClock(), consumer="analytics")
    half = AuditPayload(
        action="a", entity_type="b", entity_id="c", metadata={"n": "x" * (MAX_ITEM_BYTES // 2)}
    )
    together = Effects(outcome="kept", emits=[Emit(AuditRecorded, half)] * 2)
    alone = Effects(outcome="kept", writes=[Put("audit", {"entity": "x" * MAX_ITEM_BYTES})])

    for effects in (together, alone):
        with pytest.raises(PayloadTooLargeError, match="which holds at most"):
            ledger.commit(audit({}), effects, attempt=1)
    assert (tables.all("ledger"), tables.all("audit"), tables.calls) == ([], [], [])
