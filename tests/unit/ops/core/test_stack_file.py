"""A description of a stack that has another shape is refused by the field's name."""

import argparse
import copy
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from ops.core.connection import connect
from ops.core.errors import OperatorError
from shared.storage.schema import TABLES

STACK: dict[str, Any] = {
    "stage": "local",
    "aws": {
        "endpoint_url": "http://127.0.0.1:1",
        "region": "eu-central-1",
        "access_key_id": "key",
        "secret_access_key": "secret",
    },
    "tables": {name: name for name in TABLES},
    "qstash": {"url": "http://127.0.0.1:2"},
}


def fields(value: dict[str, Any], before: str = "") -> Iterator[str]:
    """Every path of the description."""
    for name, child in value.items():
        path = f"{before}{name}"
        yield path
        if isinstance(child, dict):
            yield from fields(child, f"{path}.")


PATHS = list(fields(STACK))


def changed(path: str, value: object) -> dict[str, Any]:
    *above, last = path.split(".")
    stack = copy.deepcopy(STACK)
    inner = stack
    for name in above:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return stack


def complaint(tmp_path, content: object) -> str:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    before = dict(os.environ)
    with pytest.raises(OperatorError) as refused:
        connect(argparse.Namespace(stage="", stack=file))
    assert dict(os.environ) == before, "what is refused changes nothing"
    return str(refused.value)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("value", [7, True, ["x"], "", {"x": 1}, [[]]])
def test_a_field_of_another_shape_is_named(tmp_path, path, value):
    told = complaint(tmp_path, changed(path, value))

    assert "describes no stack" in told
    assert f"({path}" in told
    assert "must be" in told or "is required" in told


@pytest.mark.parametrize("path", PATHS)
def test_a_field_that_is_missing_is_named(tmp_path, path):
    told = complaint(tmp_path, changed(path, None))

    assert f"({path}" in told
    assert "is required" in told


@pytest.mark.parametrize("content", [[], "text", 7, None, True])
def test_what_is_no_object_is_said_so(tmp_path, content):
    assert "(body: must be an object)" in complaint(tmp_path, content)
