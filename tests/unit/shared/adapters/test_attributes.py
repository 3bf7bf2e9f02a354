"""Attributes of kinds that are never stored: told by name, kept as they are, in nobody's way (S33)."""

import json
from typing import Any

import pytest

from shared.adapters.attributes import from_attributes, to_attributes
from shared.kernel.errors import UnreadableRowError
from shared.storage.odd import OddAttributeError
from shared.storage.readable import read_row, read_rows

ODD = [
    ({"SS": ["a"]}, "a set of texts"),
    ({"NS": ["1"]}, "a set of numbers"),
    ({"BS": [b"x"]}, "a set of bytes"),
    ({"B": b"x"}, "bytes"),
    ({"X": 1}, "a kind that is not known"),
    ({"L": [{"S": "a"}, {"M": {"deep": {"SS": ["a"]}}}]}, "a set of texts"),
]


@pytest.mark.parametrize(("stored", "kind"), ODD)
def test_the_rest_of_the_item_is_read_and_the_odd_attribute_says_what_it_is(stored, kind):
    item = from_attributes({"sku": {"S": "mug"}, "labels": stored})

    assert item["sku"] == "mug"
    readings: list[Any] = [str, bool, list, len, lambda v: f"{v}", lambda v: v["a"]]
    for reading in readings:
        with pytest.raises(OddAttributeError, match=f"labels is or holds {kind}"):
            reading(item["labels"])
    others: list[Any] = [int, json.dumps, dict]
    for reading in others:
        with pytest.raises(TypeError):
            reading(item["labels"])


@pytest.mark.parametrize(("stored", "_kind"), ODD)
def test_it_is_written_back_as_it_was(stored, _kind):
    assert to_attributes(from_attributes({"labels": stored})) == {"labels": stored}


def test_a_row_with_one_is_told_by_key_and_attribute_and_the_next_row_is_read():
    rows = [from_attributes({"sku": {"S": n}, "a": {k: v}}) for n, k, v in _TWO]

    odd, good = read_rows("stock", rows, lambda row: str(row["sku"]))

    assert isinstance(odd, UnreadableRowError)
    assert str(odd) == "stock: mug cannot be read: a is or holds a set of texts"
    assert good == "cup"


_TWO: list[tuple[str, str, object]] = [("mug", "SS", ["x"]), ("cup", "S", "x")]


def test_a_name_that_is_no_name_and_a_value_are_in_no_message():
    item = from_attributes({"sku": {"S": "mug"}, "Ada\n<a@b.c>": {"SS": ["secret"]}})

    with pytest.raises(UnreadableRowError) as told:
        read_row("stock", item, dict)

    assert str(told.value) == "stock: mug cannot be read: * is or holds a set of texts"
    assert "secret" not in repr(item)


def test_a_row_of_two_keys_is_told_by_both():
    with pytest.raises(UnreadableRowError, match="movements: mug/2026 cannot be read: KeyError"):
        read_row("movements", {"sku": "mug", "movementId": "2026"}, lambda row: row["delta"])
