"""The OpenAPI document, put together from operations, models and error classes."""

import json
from collections import defaultdict
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from functions.checkout.wire import OrderId
from ops.docs.api.errors import BY_CLASS, REFUSALS, Refusal
from ops.docs.api.operations import OPERATIONS, ORDER_ID, Answer, Operation
from shared.kernel.ids import Id

_REF = "#/components/schemas/{model}"
_TOKEN = "signedIn"  # noqa: S105 -- a name in the document
_GATEWAY = "GatewayRefusal"
# What API Gateway answers without asking the function, in words of its own.
_OF_GATEWAY = {
    401: "Unauthorized",
    403: "Forbidden",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_STATUSES = {
    400: "The request breaks a rule.",
    401: "No user signed in, or the shop's server did not sign.",
    403: "Not allowed to whoever signed in.",
    404: "There is none that this shopper may see.",
    409: "Not possible as things are.",
    413: "The body is too large.",
    415: "The body is not declared as JSON, or is not plain UTF-8.",
    429: "Too many requests in this second, which API Gateway answers, or too many units in this hour.",
    500: "A bug, or a function that did not answer.",
    503: "Not now: repeat the request unchanged.",
}
_HEADERS: dict[str, dict[str, Any]] = {
    "Location": {
        "description": (
            "Where to ask what became of it, relative to the address that was called: it is right "
            "behind any base path, stage or proxy."
        ),
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "Seconds after which asking again makes sense.",
        "schema": {"type": "string", "pattern": "^[1-9][0-9]*$"},
    },
    "Accept-Encoding": {
        "description": "`identity`: bodies are taken as they are, never compressed. Not with other 415s.",
        "schema": {"const": "identity"},
    },
    "WWW-Authenticate": {
        "description": "How to sign in.",
        "schema": {"type": "string"},
    },
    "Cache-Control": {
        "description": "Always `no-store`.",
        "schema": {"const": "no-store"},
    },
    "X-Content-Type-Options": {
        "description": "Always `nosniff`.",
        "schema": {"const": "nosniff"},
    },
}
_EVERYWHERE = {"Cache-Control": True, "X-Content-Type-Options": True}


def text() -> str:
    """The document as it is kept."""
    # Escaped, for the rules about text name characters that nobody would see.
    return json.dumps(document(), indent=2) + "\n"


def document() -> dict[str, Any]:
    """The document."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in OPERATIONS:
        paths[operation.path][operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Checkout",
            "version": "1.0",
            "summary": "Check out a paid cart, and follow it until it is delivered or cancelled.",
            "description": (
                "Bodies are strict JSON. Every answer of ours has `success`, and `data` or `error`; "
                "`error.code` is stable. New optional fields may appear: ignore what you do not know. "
                "Refusals that API Gateway decides on its own have its shape instead, `message` alone."
            ),
        },
        "servers": [
            {
                "url": "https://api.shop.example",
                "description": "The `ApiUrl` that the deployment of your stage prints.",
            }
        ],
        "paths": dict(paths),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                _TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": (
                        "Only in stages with `jwt_issuer`: a token of that issuer for one of the "
                        "stage's audiences. Its `sub` is the user."
                    ),
                }
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "security": [{_TOKEN: []}, *([{}] if operation.token == "by stage" else [])],  # noqa: S105
        "parameters": _parameters(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": _REF.format(model=operation.body.__name__)},
                    "examples": {"example": {"value": operation.example}},
                }
            },
        }
    described["responses"] = {
        **{str(answer.status): _success(answer) for answer in operation.answers},
        **_refusals(operation),
    }
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    if "{orderId}" in operation.path:
        return [
            {
                "name": "orderId",
                "in": "path",
                "required": True,
                "description": "As the checkout's answer names it.",
                "schema": TypeAdapter(OrderId).json_schema(),
                "example": ORDER_ID,
            }
        ]
    return [
        {
            "name": "X-Correlation-ID",
            "in": "header",
            "required": False,
            "description": "One name for everything that follows. Without it, or with anything "
            "else than an identifier, the order's id serves; no request is refused for it.",
            "schema": TypeAdapter(Id).json_schema(),
            "example": "cart:42",
        }
    ]


def _success(answer: Answer) -> dict[str, Any]:
    return {
        "description": answer.description,
        "headers": _headers(answer.headers),
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "success": {"const": True},
                        "data": {"$ref": _REF.format(model=answer.model.__name__)},
                    },
                    "required": ["success", "data"],
                },
                "examples": {
                    name: {"value": {"success": True, "data": data}}
                    for name, data in answer.examples.items()
                },
            }
        },
    }


def _refusals(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[Refusal]] = defaultdict(list)
    for kind in operation.refusals:
        by_status[kind.status].append(BY_CLASS[kind])
    return {
        str(status): _refusal(status, by_status[status])
        for status in sorted({*by_status, *_OF_GATEWAY})
    }


def _refusal(status: int, refusals: list[Refusal]) -> dict[str, Any]:
    shapes = [_REF.format(model=_name(refusal)) for refusal in refusals]
    examples = {refusal.code: {"value": dict(refusal.response().body)} for refusal in refusals}
    headers = dict(_EVERYWHERE)
    if status in _OF_GATEWAY:
        shapes.append(_REF.format(model=_GATEWAY))
        examples["gateway"] = {"value": {"message": _OF_GATEWAY[status]}}
        headers = dict.fromkeys(headers, False)
    says_when = [refusal.says_when for refusal in refusals]
    if any(says_when):
        headers["Retry-After"] = all(says_when) and status not in _OF_GATEWAY
    if status == 415:
        headers["Accept-Encoding"] = False
    if status == 401:
        headers["WWW-Authenticate"] = True
    return {
        "description": _STATUSES[status],
        "headers": _headers(headers, everywhere={}),
        "content": {
            "application/json": {
                "schema": {"oneOf": [{"$ref": shape} for shape in shapes]},
                "examples": examples,
            }
        },
    }


def _headers(
    names: dict[str, bool], everywhere: dict[str, bool] | None = None
) -> dict[str, dict[str, Any]]:
    always = _EVERYWHERE if everywhere is None else everywhere
    return {
        name: {"required": required, **_HEADERS[name]}
        for name, required in sorted({**names, **always}.items())
    }


def _schemas() -> dict[str, Any]:
    taken = [operation.body for operation in OPERATIONS if operation.body is not None]
    given = {answer.model for operation in OPERATIONS for answer in operation.answers}
    _, found = models_json_schema(
        [(model, "validation") for model in (*taken, *sorted(given, key=lambda m: m.__name__))],
        ref_template=_REF,
    )
    schemas = {name: _plain(schema) for name, schema in found["$defs"].items()}
    for model in given:
        schemas[model.__name__] = _without_null(schemas[model.__name__])
    schemas |= {_name(refusal): refusal.schema() for refusal in REFUSALS}
    schemas[_GATEWAY] = {
        "type": "object",
        "description": "A refusal that API Gateway decided without asking us.",
        "properties": {"message": {"type": ["string", "null"]}},
        "required": ["message"],
        "not": {"required": ["success"]},
    }
    return dict(sorted(schemas.items()))


def _name(refusal: Refusal) -> str:
    return "".join(part.capitalize() for part in refusal.code.split("_")) + "Refusal"


def _plain(schema: Any) -> Any:
    """Without the titles that only repeat names, and in the document's own mark-up."""
    match schema:
        case dict():
            return {
                name: value.replace("``", "`") if name == "description" else _plain(value)
                for name, value in schema.items()
                if not (name == "title" and isinstance(value, str))
            }
        case list():
            return [_plain(value) for value in schema]
    return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """An answer leaves out what it does not have."""
    properties = {
        name: next(kind for kind in value["anyOf"] if kind != {"type": "null"})
        if "anyOf" in value
        else value
        for name, value in schema["properties"].items()
    }
    return {**schema, "properties": properties}
