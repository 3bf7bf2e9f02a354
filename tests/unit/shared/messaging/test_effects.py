"""Messages for QStash, made from decisions."""

from datetime import UTC, datetime

import pytest

from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.catalog import models
from shared.contracts.commands import CheckoutCommand
from shared.contracts.envelope import validated
from shared.contracts.topics import EVENT_TYPES, Topic
from shared.kernel.errors import InvalidInputError
from shared.messaging.outbox import Emit, Outbound
from tests.builders import checkout_command
from tests.contracts.samples import sample

LATER = datetime(2026, 3, 2, tzinfo=UTC)
CAUSE = validated(CheckoutCommand, checkout_command())
AUDIT = AuditPayload(action="a", entity_type="order", entity_id="o-1")


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("options", [{}, {"delay": 90, "retries": 5}])
def test_message_comes_back_from_the_outbox_as_it_went_in(event_type, options):
    message = Outbound.of(validated(models()[event_type], sample(event_type)), **options)

    assert Outbound.from_item(message.to_item()) == message


def test_message_without_correlation_or_delay_says_neither():
    values = checkout_command()
    del values["correlationId"]
    message = Outbound.of(validated(CheckoutCommand, values))

    assert {"correlationId", "delay"}.isdisjoint(message.to_item())
    assert Outbound.from_item(message.to_item()).correlation_id is None


def test_same_cause_and_place_always_give_the_same_message():
    emit = Emit(AuditRecorded, AUDIT)

    assert emit.caused_by(CAUSE, 2, LATER) == emit.caused_by(CAUSE, 2, LATER)
    assert emit.caused_by(CAUSE, 2, LATER).event_id != emit.caused_by(CAUSE, 3, LATER).event_id


def test_emit_takes_delay_and_retries_along():
    message = Emit(AuditRecorded, AUDIT, delay=900, retries=0).caused_by(CAUSE, 0, LATER)

    assert (message.delay, message.retries, message.topic) == (900, 0, Topic.ANALYTICS)


@pytest.mark.parametrize(
    ("options", "field"),
    [({"retries": 6}, "retries"), ({"retries": -1}, "retries"), ({"delay": -1}, "delay")],
)
def test_delay_and_retries_out_of_range_are_refused_by_name(options, field):
    with pytest.raises(InvalidInputError) as refused:
        Outbound.of(CAUSE, **options)

    assert refused.value.field == field
