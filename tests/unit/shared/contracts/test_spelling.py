"""On the wire a field has one name; a Python program may write it as Python does (S35)."""

import json
from typing import Any

import pytest
from pydantic.alias_generators import to_snake

from shared.client.publish import publish_checkout_command
from shared.contracts.catalog import models
from shared.contracts.commands import CheckoutPayload
from shared.contracts.envelope import validated
from shared.kernel.errors import InvalidInputError
from tests.builders import checkout_command, checkout_payload, stock
from tests.contracts.samples import sample
from tests.fakes.publisher import RecordingPublisher
from tests.pipeline import Pipeline

COMPOUND = [name for name in checkout_payload() if to_snake(name) != name]


def respelled(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {to_snake(key) if key == name else key: value for key, value in values.items()}


@pytest.mark.parametrize("name", COMPOUND)
def test_another_spelling_of_a_field_is_as_good_as_none(name):
    shop = Pipeline()
    shop.memory.seed("stock", stock())
    odd = respelled(checkout_payload(), name)

    refused = shop.checkout(odd)

    assert refused["statusCode"] == 400
    assert json.loads(refused["body"])["error"]["field"] == name
    command = checkout_command() | {"payload": odd}
    assert shop.deliver("commands", command)["statusCode"] == 489
    assert shop.memory.all("orders") == []


@pytest.mark.parametrize("name", COMPOUND)
def test_a_second_spelling_beside_the_first_says_nothing(name):
    """Neither replaces the other: a filter in front of us reads the documented one, and so do we."""
    values = checkout_payload()

    both = validated(CheckoutPayload, values | {to_snake(name): "evil"})

    assert both == validated(CheckoutPayload, values)


def disguised(name: str) -> list[str]:
    """What looks like a name, or is one to a program that is generous."""
    half = len(name) // 2
    odd = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u0000", "\u0301"]
    return [
        *(name[:half] + character + name[half:] for character in odd),
        *(name + character for character in [*odd, " ", "\n", "\u00a0", "\ufe0f"]),
        "".join(chr(ord(letter) + 0xFEE0) for letter in name),
        name.translate(str.maketrans("aesopId", "\u0430\u0435\u0455\u043e\u0440\u0406\u0501")),
        name.upper(),
        name[0].upper() + name[1:],
        to_snake(name).replace("_", "-"),
    ]


@pytest.mark.parametrize("name", COMPOUND)
def test_a_name_in_disguise_is_no_field_whether_alone_or_beside_the_real_one(name):
    values = checkout_payload()
    for odd in disguised(name):
        assert odd != name
        assert validated(CheckoutPayload, values | {odd: "evil"}) == validated(
            CheckoutPayload, values
        )
        alone = {odd if key == name else key: value for key, value in values.items()}
        with pytest.raises(InvalidInputError) as refused:
            validated(CheckoutPayload, alone)
        assert refused.value.field == name


@pytest.mark.parametrize("event_type", sorted(models()))
def test_no_payload_of_any_event_reads_a_name_in_disguise(event_type):
    """Beside the real name it says nothing; in its place it is as good as none."""
    payload: Any = models()[event_type].model_fields["payload"].annotation
    values = sample(event_type)["payload"]
    known = validated(payload, values)
    for name in [alias for alias in values if to_snake(alias) != alias]:
        for odd in [*disguised(name), to_snake(name)]:
            assert validated(payload, values | {odd: "evil"}) == known, ascii(odd)
            alone = {odd if key == name else key: value for key, value in values.items()}
            without = {key: value for key, value in values.items() if key != name}
            assert _read(payload, alone) == _read(payload, without), ascii(odd)


def _read(payload: Any, values: dict[str, Any]) -> Any:
    try:
        return validated(payload, values)
    except InvalidInputError as refused:
        return refused.field


@pytest.mark.parametrize("name", ["eventId", "eventType"])
def test_a_disguised_name_in_the_envelope_is_refused_and_stores_nothing(name):
    for odd in disguised(name):
        shop = Pipeline()
        command = checkout_command()
        command[odd] = command.pop(name)

        assert shop.deliver("commands", command)["statusCode"] == 489, ascii(odd)
        assert shop.memory.all("orders") == []


def test_lines_of_a_cart_are_read_by_their_documented_names_only():
    values = checkout_payload()
    values["items"] = [respelled(values["items"][0], "productId")]

    with pytest.raises(InvalidInputError) as refused:
        validated(CheckoutPayload, values)
    assert refused.value.field == "items[0].productId"


@pytest.mark.parametrize("name", ["eventId", "eventType"])
def test_another_spelling_in_the_envelope_is_refused(name):
    shop = Pipeline()

    assert shop.deliver("commands", respelled(checkout_command(), name))["statusCode"] == 489


def test_a_python_program_may_write_fields_as_python_does():
    sent = RecordingPublisher()
    values = checkout_payload()
    for name in COMPOUND:
        values = respelled(values, name)

    publish_checkout_command(values, publisher=sent)

    (message,) = sent.messages
    assert json.loads(message.body)["payload"].keys() == checkout_payload().keys()
