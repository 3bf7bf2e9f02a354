"""HTTP as Lambda presents it: function URLs and HTTP APIs share one event format (version 2.0)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.kernel import strict_json
from shared.kernel.errors import (
    InvalidInputError,
    PipelineError,
    UnauthenticatedError,
    UnsupportedEncodingError,
    UnsupportedMediaTypeError,
)

# What tells QStash, together with a header, that retrying is useless.
NON_RETRYABLE = 489


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request. Header names are lower case; the body is the bytes that were sent.

    ``caller`` is the network address that the API saw it come from, empty if it does not say.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "HttpRequest":
        """From a Lambda event; base64 bodies are decoded here and nowhere else (S6).

        Raises:
            InvalidInputError: the body claims to be base64 and is not.
        """
        context = event.get("requestContext") or {}
        http = context.get("http") or {}
        authorizer = (context.get("authorizer") or {}).get("jwt") or {}
        return cls(
            method=str(http.get("method", "")).upper(),
            path=str(event.get("rawPath") or http.get("path") or "/"),
            headers={k.lower(): str(v) for k, v in (event.get("headers") or {}).items()},
            body=_body(event),
            path_parameters=dict(event.get("pathParameters") or {}),
            claims=_claims(authorizer.get("claims")),
            caller=str(http.get("sourceIp") or ""),
        )


def _claims(claims: Mapping[str, Any] | None) -> dict[str, str]:
    # A claim without a value is left out: as text it would be "None", which looks like a user.
    return {name: str(value) for name, value in (claims or {}).items() if value is not None}


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError("body", "is marked as base64 but is not") from error


def check_declared_json(headers: Mapping[str, str]) -> None:
    """Whether a request says that its body is what we read: plain JSON in UTF-8.

    Raises:
        UnsupportedMediaTypeError: anything else a browser may send across origins without asking
            first (S30).
        UnsupportedEncodingError: compressed, or another character set.
    """
    media_type, *parameters = headers.get("content-type", "").split(";")
    if media_type.strip().lower() != "application/json":
        raise UnsupportedMediaTypeError("content-type: must be application/json")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset not in _UTF8:
            raise UnsupportedEncodingError("content-type", "must have no charset but utf-8")
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in _NOT_CODED:
        raise UnsupportedEncodingError(
            "content-encoding", f"must not be compressed, and is {_shown(coding)}"
        )


_UTF8 = frozenset({"utf-8", "utf8"})
_NOT_CODED = frozenset({"", "identity"})


def _shown(token: str) -> str:
    return token if token.isascii() and token.isprintable() and len(token) <= 40 else "another"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer with a JSON body."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_lambda(self) -> dict[str, Any]:
        """As Lambda wants it. Never cached, never sniffed."""
        return {
            "statusCode": self.status,
            "headers": {
                "content-type": "application/json",
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
                **self.headers,
            },
            "body": strict_json.dumps(self.body),
        }


def error_body(error: PipelineError) -> dict[str, Any]:
    """The documented shape of every error: a stable code, a sentence, and the details.

    A caller that is not let in learns that, and never why (S29).
    """
    message = error.code if isinstance(error, UnauthenticatedError) else str(error)
    return {
        "success": False,
        "error": {"code": error.code, "message": message, **error.details()},
    }


def error_response(error: PipelineError) -> HttpResponse:
    """The answer to a direct caller: the class decides the status."""
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, UnsupportedEncodingError):
        headers["accept-encoding"] = "identity"  # what would be taken (RFC 9110, 15.5.16)
    return HttpResponse(error.status, error_body(error), headers)


def internal_error_response() -> HttpResponse:
    """The answer when we have a bug: says nothing about it."""
    body = {"success": False, "error": {"code": "internal_error", "message": "internal error"}}
    return HttpResponse(500, body)
