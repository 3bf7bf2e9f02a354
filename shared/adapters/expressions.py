"""Conditional writes as DynamoDB spells them: expressions with placeholders for names and values."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.adapters.attributes import to_attribute, to_attributes
from shared.storage.schema import TABLES
from shared.storage.writes import (
    Absent,
    AnyOf,
    AtLeast,
    AtMost,
    Check,
    Condition,
    Delete,
    Equals,
    Missing,
    Present,
    Put,
    Update,
    Value,
    Write,
)


class _Placeholders:
    """Names and values of one request, numbered in the order they are first used."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        return self.names.setdefault(attribute, f"#n{len(self.names)}")

    def value(self, value: Value) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = to_attribute(value)
        return placeholder

    def into(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.names:
            request["ExpressionAttributeNames"] = {v: k for k, v in self.names.items()}
        if self.values:
            request["ExpressionAttributeValues"] = self.values
        return request


def _condition(condition: Condition, partition: str, p: _Placeholders) -> str:  # noqa: PLR0911 - one return per kind
    match condition:
        case Absent():
            return f"attribute_not_exists({p.name(partition)})"
        case Present():
            return f"attribute_exists({p.name(partition)})"
        case Missing(attribute):
            return f"attribute_not_exists({p.name(attribute)})"
        case Equals(attribute, value):
            return f"{p.name(attribute)} = {p.value(value)}"
        case AtLeast(attribute, bound):
            return f"{p.name(attribute)} >= {p.value(bound)}"
        case AtMost(attribute, bound):
            return f"{p.name(attribute)} <= {p.value(bound)}"
        case AnyOf(conditions):
            return "(" + " OR ".join(_condition(c, partition, p) for c in conditions) + ")"


def _update_expression(write: Update, p: _Placeholders) -> str:
    sets = [
        f"{p.name(name)} = {p.value(value)}"
        for name, value in write.set.items()
        if value is not None
    ]
    for name, entries in write.append.items():
        field = p.name(name)
        start, more = p.value([]), p.value(entries)
        sets.append(f"{field} = list_append(if_not_exists({field}, {start}), {more})")
    adds = [f"{p.name(name)} {p.value(value)}" for name, value in write.add.items()]
    clauses = {
        "SET": sets,
        "ADD": adds,
        "REMOVE": [p.name(name) for name in write.remove],
    }
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def request_of(write: Write, physical: Callable[[str], str]) -> tuple[str, dict[str, Any]]:
    """The operation (``Put``, ``Update``, ``Delete``, ``ConditionCheck``) and its parameters."""
    p = _Placeholders()
    partition = TABLES[write.table].partition
    request: dict[str, Any] = {"TableName": physical(write.table)}
    match write:
        case Put():
            operation = "Put"
            request["Item"] = to_attributes(write.item)
        case Update():
            operation = "Update"
            request["Key"] = _key(write.key)
            if expression := _update_expression(write, p):
                request["UpdateExpression"] = expression
        case Delete():
            operation, request["Key"] = "Delete", _key(write.key)
        case Check():
            operation, request["Key"] = "ConditionCheck", _key(write.key)
    if write.when:
        request["ConditionExpression"] = " AND ".join(
            _condition(condition, partition, p) for condition in write.when
        )
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return operation, p.into(request)


def _key(key: Mapping[str, str]) -> dict[str, Any]:
    return to_attributes(key)
