"""``docs/openapi.json`` as a judge of requests and answers."""

import base64
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

PATH = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
JSON = "application/json"
# Lambda says so itself, in the schema's place.
_CONTENT_TYPE = "content-type"


@cache
def document() -> Mapping[str, Any]:
    """The document as it is kept."""
    values: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return values


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and description of every operation."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def operation_of(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the document says of a request's route, None if it has no such route."""
    # Whatever a stage or a custom domain puts before it.
    path = str(event["rawPath"]).rstrip("/")
    path = path[max(path.find("/api/"), 0) :]
    order_id = (event.get("pathParameters") or {}).get("orderId")
    if order_id is not None:
        last = f"/{path.rpartition('/')[2]}"
        path = "/api/checkout/{orderId}" + (last if last in {"/cancel", "/contact"} else "")
    methods = document()["paths"].get(path, {})
    found: Mapping[str, Any] | None = methods.get(event["requestContext"]["http"]["method"].lower())
    return found


def check(event: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Whether this answer to this request is one that the document allows.

    Raises:
        AssertionError: an undocumented status, header or field, or a body of another shape.
    """
    operation = operation_of(event)
    body = json.loads(answer["body"])
    if operation is None:
        assert (answer["statusCode"], body["error"]["code"]) == (405, "method_not_allowed")
        return
    documented = operation["responses"].get(str(answer["statusCode"]))
    assert documented is not None, f"{answer['statusCode']} is not documented"
    problems = [*problems_of(body, documented["content"][JSON]["schema"], closed=True)]
    assert problems == [], problems
    _check_headers(answer["headers"], documented["headers"])
    if answer["statusCode"] < 300 and "requestBody" in operation:
        taken = operation["requestBody"]["content"][JSON]["schema"]
        problems = [*problems_of(_body_of(event), taken)]
        assert problems == [], f"taken, though the document forbids it: {problems}"


def _body_of(event: Mapping[str, Any]) -> Any:
    body = event["body"]
    return json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)


def _check_headers(sent: Mapping[str, str], documented: Mapping[str, Any]) -> None:
    assert sent[_CONTENT_TYPE] == JSON
    known = {name.lower(): header for name, header in documented.items()}
    assert sent.keys() - known.keys() == {_CONTENT_TYPE}
    assert {name for name, header in known.items() if header["required"]} <= sent.keys()
    for name in sent.keys() & known.keys():
        assert [*problems_of(sent[name], known[name]["schema"])] == []


def problems_of(value: Any, schema: Mapping[str, Any], *, closed: bool = False) -> Iterator[str]:
    """Where a value breaks a schema of the document.

    Args:
        closed: take a field that the schema does not name for a mistake, as no client would.
    """
    whole = {"components": document()["components"], **schema}
    validator = Draft202012Validator(_closed(whole) if closed else whole)
    for error in validator.iter_errors(value):
        yield f"{error.json_path}: {error.message}"


def _closed(schema: Any) -> Any:
    match schema:
        case dict():
            inner = {name: _closed(value) for name, value in schema.items()}
            is_object = schema.get("type") == "object" and "properties" in schema
            return inner | ({"additionalProperties": False} if is_object else {})
        case list():
            return [_closed(value) for value in schema]
    return schema
