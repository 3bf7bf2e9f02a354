"""Every sample of the contract is read by its class, and written again as it was."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.catalog import adapter, models
from shared.contracts.envelope import Event, read_event, validated
from shared.contracts.topics import CONTRACT_TYPES, EVENT_TYPES, OWN_TYPES
from shared.kernel.errors import InvalidInputError
from shared.kernel.money import AMOUNT_RULE
from shared.kernel.strict_json import loads
from tests.contracts.samples import PATHS, name_of, text_of, values_of

MODELS = models()
MONEY = ("price", "totalAmount", "amount")
AMOUNTS_OF = {
    "command.checkout",
    "order.created",
    "order.confirmed",
    "order.processing",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
    "order.rejected",
    "order.refund.requested",
}
WITH_MONEY = [path for path in PATHS if path.parent.name in AMOUNTS_OF]
each_sample = pytest.mark.parametrize("path", PATHS, ids=map(name_of, PATHS))


def without_optionals(model: type[Event], values: dict[str, Any]) -> dict[str, Any]:
    """The sample with only what its class requires, in the envelope and in the payload."""
    payload_model = model.model_fields["payload"].annotation
    assert payload_model is not None
    payload = {
        name: value for name, value in values["payload"].items() if _required(payload_model, name)
    }
    envelope = {n: v for n, v in values.items() if n not in {"correlationId", "causationId"}}
    return envelope | {"payload": payload}


def _required(model: Any, alias: str) -> bool:
    fields = model.model_fields.values()
    return any(field.alias == alias and field.is_required() for field in fields)


def normal(value: Any) -> Any:
    """Times in one spelling, so that the same moment compares equal."""
    if isinstance(value, dict):
        return {key: normal(child) for key, child in value.items()}
    if isinstance(value, list):
        return [normal(child) for child in value]
    if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and "T" in value:
        return datetime.fromisoformat(value)
    return value


# What is inside a mail's data or an audit entry is read by whoever shows it, not by the contract.
_OPEN = {"templateData", "previousState", "newState", "metadata", "originalEvent", "data"}


def with_money(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with every amount of the contract changed."""
    if isinstance(value, dict):
        return {
            name: child
            if name in _OPEN
            else change(child)
            if name in MONEY
            else with_money(child, change)
            for name, child in value.items()
        }
    return [with_money(child, change) for child in value] if isinstance(value, list) else value


def numbers(value: Any, names: tuple[str, ...]) -> list[Any]:
    """Every value under one of the names, at any depth."""
    if isinstance(value, dict):
        here = [child for name, child in value.items() if name in names]
        return here + [found for child in value.values() for found in numbers(child, names)]
    if isinstance(value, list):
        return [found for child in value for found in numbers(child, names)]
    return []


def test_every_event_type_has_a_sample_and_a_class_and_nothing_else_has():
    sampled = {path.parent.name for path in PATHS}

    assert sampled == set(EVENT_TYPES) == set(MODELS)
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES))


def test_the_seventeen_types_of_the_contract_are_all_there():
    assert set(CONTRACT_TYPES) == {
        "command.checkout",
        "command.inventory.reserve",
        "command.inventory.release",
        "order.created",
        "order.confirmed",
        "order.shipped",
        "order.delivered",
        "order.cancelled",
        "notification.email",
        "notification.push",
        "notification.sms",
        "inventory.stock.updated",
        "inventory.stock.low",
        "inventory.stock.reserved",
        "analytics.metric",
        "analytics.audit",
        "analytics.dlq",
    }
    assert set(OWN_TYPES).isdisjoint(CONTRACT_TYPES)


@each_sample
def test_sample_lies_in_the_folder_of_its_type_and_names_its_version(path):
    values = values_of(path)

    assert values["eventType"] == path.parent.name
    assert f"v{values['version'].partition('.')[0]}" == path.stem


@each_sample
def test_sample_is_read_by_the_union_as_its_own_class(path):
    event = adapter().validate_python(values_of(path))

    assert type(event) is MODELS[path.parent.name]


@each_sample
def test_sample_is_read_from_its_bytes_by_its_own_class(path):
    event = read_event(text_of(path), {path.parent.name: MODELS[path.parent.name]})

    assert event.event_type == path.parent.name
    assert event.event_id == values_of(path)["eventId"]


@each_sample
def test_sample_is_written_again_as_it_was(path):
    values = values_of(path)
    event = validated(MODELS[path.parent.name], values)

    written = loads(event.to_json().encode(), max_bytes=100_000)

    assert normal(written) == normal(values)


@each_sample
def test_sample_without_its_optional_fields_is_read_and_written_without_them(path):
    model = MODELS[path.parent.name]
    bare = without_optionals(model, values_of(path))

    event = validated(model, bare)

    assert event.correlation_id is None
    again = validated(model, loads(event.to_json().encode(), max_bytes=100_000))
    assert again == event


@each_sample
def test_every_required_field_of_the_payload_is_really_required(path):
    model, values = MODELS[path.parent.name], values_of(path)
    bare = without_optionals(model, values)

    for name in bare["payload"]:
        payload = {n: v for n, v in values["payload"].items() if n != name}
        with pytest.raises(InvalidInputError) as refused:
            validated(model, values | {"payload": payload})
        assert (refused.value.field, refused.value.rule) == (f"payload.{name}", "is required")


@each_sample
def test_money_in_a_sample_is_a_json_number_with_at_most_two_decimals(path):
    amounts = numbers(values_of(path), MONEY)

    assert all(isinstance(a, int | Decimal) and a == round(Decimal(a), 2) for a in amounts)


def test_some_samples_carry_money_with_cents():
    carried = [a for path in PATHS for a in numbers(values_of(path), MONEY)]

    assert any(isinstance(amount, Decimal) for amount in carried)


@pytest.mark.parametrize(
    "path", [path for path in PATHS if "totalAmount" in values_of(path)["payload"]], ids=name_of
)
def test_total_as_text_is_refused(path):
    model, values = MODELS[path.parent.name], values_of(path)

    with pytest.raises(InvalidInputError, match=r"payload\.totalAmount: must be a JSON number"):
        validated(model, values | {"payload": values["payload"] | {"totalAmount": "54.99"}})


@each_sample
def test_reader_of_this_version_takes_what_a_later_minor_adds(path):
    values = values_of(path)
    later = values | {
        "version": "1.7",
        "trace": {"a": 1},
        "payload": values["payload"] | {"new": 1},
    }

    event = validated(MODELS[path.parent.name], later)

    assert event.version == "1.7"
    assert event.payload == validated(MODELS[path.parent.name], values).payload


@each_sample
@pytest.mark.parametrize("noise", ["0.00000000000001", "-0.00000000000001", "0.000001"])
def test_every_amount_is_read_by_value_and_written_with_two_decimals(path, noise):
    values = values_of(path)
    noisy = with_money(values, lambda amount: amount + Decimal(noise))

    event = validated(MODELS[path.parent.name], noisy)

    assert normal(loads(event.to_json().encode(), max_bytes=100_000)) == normal(values)


@pytest.mark.parametrize("path", WITH_MONEY, ids=map(name_of, WITH_MONEY))
@pytest.mark.parametrize(
    "wrong", [Decimal("29.995"), Decimal("29.9900011"), Decimal(100_000_000), -1, "29.99", True]
)
def test_no_event_carries_anything_else_as_an_amount(path, wrong):
    """Nothing is rounded: not one cent may come from us."""
    with pytest.raises(InvalidInputError) as refused:
        validated(MODELS[path.parent.name], with_money(values_of(path), lambda _: wrong))

    found = {refused.value.field: refused.value.rule, **dict(refused.value.others)}
    named = [field for field, rule in found.items() if rule == AMOUNT_RULE]
    assert refused.value.rule == AMOUNT_RULE
    assert {field.rpartition(".")[2] for field in named} <= set(MONEY)
    assert len(named) == len(numbers(values_of(path), MONEY))
