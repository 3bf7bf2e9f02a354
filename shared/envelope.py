"""The envelope around every event, and how bytes become one.

camelCase on the wire, snake_case in Python. A reader ignores fields it does not know; an unknown
major version is a permanent error (CONTRACT, I25).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeGuard, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from shared import strict_json
from shared.clock import iso
from shared.errors import InvalidInputError, UnknownEventTypeError, UnsupportedVersionError
from shared.ids import ID_RULE, Id

VERSION = "1.0"
SUPPORTED_MAJOR = "1"
_VERSION = re.compile(r"(\d{1,4})\.\d{1,4}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class WireModel(BaseModel):
    """Base of everything that travels: strict types, immutable, unknown fields ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        strict=True,
        hide_input_in_errors=True,
    )


_TIME_RULE = "must be an ISO-8601 time with its offset, such as 2026-01-31T12:00:00Z"


def _one_line(value: object) -> object:
    if isinstance(value, str) and _CONTROL.search(value):
        raise ValueError("must not contain line breaks or control characters")
    return value


def one_line(text: str, most: int) -> str:
    """Text of our own data as a line of at most that length: no breaks, nothing invisible."""
    return _CONTROL.sub(" ", text)[:most].strip() or "-"


def _moment(value: object) -> datetime:
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(_TIME_RULE)
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first and last hours that a datetime can hold
        raise ValueError(_TIME_RULE) from None


def is_https(value: object) -> TypeGuard[str]:
    """Whether a value is an https address that is safe behind a link (S16)."""
    return isinstance(value, str) and _HTTPS.fullmatch(value) is not None


def _https(value: object) -> object:
    if isinstance(value, str) and not is_https(value):
        raise ValueError("must be an https address")
    return value


# Only what is safe to put behind a link in a mail: no other scheme, no credentials, no blanks (S16).
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9\-._~%!$&()*+,;=:@/?#]*)?")


def _address(value: object) -> object:
    if isinstance(value, str) and _EMAIL.fullmatch(value) is None:
        raise ValueError("must be one plain e-mail address")
    return value


# Deliberately narrower than RFC 5322: no quoted parts, comments, lists or display names, so that
# what reaches the mail service can only ever be one recipient (S15).
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def _none_if_empty(value: object) -> object:
    """Producers that know no correlation write an empty one."""
    return None if value == "" else value


Moment = Annotated[datetime, BeforeValidator(_moment)]
_NO_CONTROL: dict[str, Any] = {"pattern": r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"}
Line = Annotated[
    str,
    BeforeValidator(_one_line),
    Field(min_length=1, max_length=200, json_schema_extra=_NO_CONTROL),
]
LongLine = Annotated[
    str,
    BeforeValidator(_one_line),
    Field(min_length=1, max_length=500, json_schema_extra=_NO_CONTROL),
]
HttpsUrl = Annotated[str, BeforeValidator(_https), Field(max_length=500)]
Prose = Annotated[str, Field(min_length=1, max_length=4000)]
EmailAddress = Annotated[
    str,
    BeforeValidator(_address),
    Field(max_length=254, json_schema_extra={"pattern": f"^{_EMAIL.pattern}$"}),
]
JsonObject = dict[str, Any]


class Event(WireModel):
    """What every event has. Subclasses narrow ``event_type`` and give ``payload`` its shape.

    ``causation_id`` is ours: the event whose handling emitted this one.
    """

    event_id: Id
    event_type: str
    timestamp: Moment
    version: Annotated[str, Field(pattern=_VERSION.pattern)] = VERSION
    source: Line
    correlation_id: Annotated[Id | None, BeforeValidator(_none_if_empty)] = None
    causation_id: Id | None = None
    payload: Any

    def to_json(self) -> str:
        """The event as it travels. Absent optional fields are left out."""
        return to_json(self)


E = TypeVar("E", bound=WireModel)


def plain(model: BaseModel) -> dict[str, Any]:
    """A model as camelCase JSON values; Decimals stay Decimals, times become ISO text."""
    values: dict[str, Any] = _timed(model.model_dump(by_alias=True, exclude_none=True))
    return values


def _timed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timed(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_timed(child) for child in value]
    return iso(value) if isinstance(value, datetime) else value


def to_json(model: BaseModel) -> str:
    """A model as compact JSON text."""
    return strict_json.dumps(plain(model))


def path_of(location: tuple[int | str, ...]) -> str:
    """A validation error's location as the sender would write it: ``items[0].quantity``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "body"


# What pydantic says in Python's words, in the words of the wire.
_RULES = {
    "missing": "is required",
    "int_type": "must be a whole number",
    "string_type": "must be text",
    "string_unicode": "must be valid Unicode text",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "tuple_type": "must be a list",
    "bool_type": "must be true or false",
}


_COLLECTIONS = frozenset({"Tuple", "List", "Dictionary"})


def _rule(problem: Mapping[str, Any]) -> str:
    context = problem.get("ctx") or {}
    if isinstance(context.get("error"), ValueError):
        return str(context["error"])
    if problem["type"].endswith(("too_short", "too_long")):
        return _length_rule(context)
    message = str(problem["msg"])
    return _RULES.get(problem["type"], message[:1].lower() + message[1:])


def _length_rule(context: Mapping[str, Any]) -> str:
    # pydantic counts "items" of whatever it is; a list has entries, text has characters.
    counted = "entries" if context.get("field_type") in _COLLECTIONS else "characters"
    if "min_length" in context:
        return f"must have at least {context['min_length']} {counted}"
    return f"must have at most {context.get('max_length')} {counted}"


def validated(model: type[E], values: object) -> E:
    """Values as a model.

    Raises:
        InvalidInputError: naming the first field that breaks a rule, and the rule; never a value.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [(path_of(found["loc"]), _rule(found)) for found in error.errors()]
        raise InvalidInputError(*problems[0], others=tuple(problems[1:20])) from None


def read_event(
    body: bytes, models: Mapping[str, type[Event]], *, max_bytes: int = 262_144
) -> Event:
    """Bytes of a delivery, encoded once or twice, as one of the events that this topic handles.

    Raises:
        InvalidInputError: not JSON, not an envelope, or a payload that breaks a rule.
        UnsupportedVersionError: another major version.
        UnknownEventTypeError: a type that is not in ``models``.
    """
    values = strict_json.loads_message(body, max_bytes=max_bytes)
    if not isinstance(values, dict):
        raise InvalidInputError("body", "must be an object")
    version = values.get("version")
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None:
        raise InvalidInputError("version", f'must be text such as "{VERSION}"')
    if match[1] != SUPPORTED_MAJOR:
        raise UnsupportedVersionError(f"version: {version} is not supported, only {VERSION} is")
    event_type = values.get("eventType")
    if not isinstance(event_type, str):
        raise InvalidInputError("eventType", "is required")
    model = models.get(event_type)
    if model is None:
        known = ", ".join(sorted(models))
        shown = event_type if len(event_type) <= 128 and event_type.isprintable() else ID_RULE
        raise UnknownEventTypeError(f"eventType: {shown} is not handled here, only {known}")
    return validated(model, values)
