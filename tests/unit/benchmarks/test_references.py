"""The references do the job: what refuses a genuine delivery, or takes a forged one, is no measure."""

import time

import pytest

from benchmarks import events
from benchmarks.reference import models
from shared.contracts.commands import CheckoutCommand
from shared.contracts.envelope import read_event
from shared.kernel.errors import UnauthenticatedError
from shared.messaging.signature import SigningKeys
from shared.messaging.standard_webhooks import decoded_key, verify
from tests.signing import CHECKOUT_KEY


def test_the_measured_cart_is_one_that_the_pipeline_accepts():
    body = events.checkout_body("evt-1")

    event = read_event(body, {"command.checkout": CheckoutCommand})

    assert isinstance(event, CheckoutCommand)
    assert len(event.payload.items) == len(events.CATALOGUE) == 5
    assert models.CheckoutCommand.model_validate_json(body).event_id == "evt-1"


@pytest.mark.parametrize("wanted", [1024, 1024 * 1024])
def test_a_padded_body_has_the_wanted_size(wanted):
    body = events.checkout_body_of_size(wanted)

    assert len(body) == wanted
    event = read_event(body, {"command.checkout": CheckoutCommand}, max_bytes=wanted)
    assert event.event_id == "evt-1"


def test_ids_of_one_run_never_meet():
    first, second = events.fresh_ids("evt"), events.fresh_ids("evt")

    assert len({next(first), next(first), next(second), next(second)}) == 4


def test_a_signed_checkout_is_one_that_a_signed_stage_takes():
    call = events.signed_checkout_request(events.checkout_body("evt-1"))
    key = decoded_key(CHECKOUT_KEY)
    body = call["body"].encode()

    verify(call["headers"], body, keys=SigningKeys(key, key), now=time.time())
    with pytest.raises(UnauthenticatedError):
        verify(call["headers"], body + b" ", keys=SigningKeys(key, key), now=time.time())


def test_deliveries_are_signed_for_their_topic():
    call = events.delivery("commands", b"{}")

    assert call["headers"]["upstash-signature"].count(".") == 2
