"""The envelope around every event, and how bytes become one.

camelCase on the wire, snake_case in Python. A reader ignores fields it does not know; an unknown
major version is a permanent error (I25).
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self, TypeGuard, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from shared.kernel import mail_address, strict_json, text
from shared.kernel.clock import TIME_RULE, iso, moment_of
from shared.kernel.errors import (
    InvalidInputError,
    PayloadTooLargeError,
    UnknownEventTypeError,
    UnsupportedVersionError,
)
from shared.kernel.ids import ID_RULE, Id

VERSION = "1.0"
SUPPORTED_MAJOR = "1"
# Of an event as it travels: what a topic reads, and so the most that anything may publish.
MAX_EVENT_BYTES = 262_144
# Numbers may come with an exponent and are written out: `1e24` becomes 25 digits.
_MOST_GROWTH = 8
_VERSION = re.compile(r"([0-9]{1,4})\.[0-9]{1,4}")


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


def _text(check: Callable[[str], str]) -> BeforeValidator:
    """A rule about text; what is no text is left to the type."""
    return BeforeValidator(lambda value: check(value) if isinstance(value, str) else value)


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        return moment_of(value)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(TIME_RULE)
    return value.astimezone(UTC)


def is_https(value: object) -> TypeGuard[str]:
    """Whether a value is an https address that is safe behind a link (S16)."""
    return isinstance(value, str) and _HTTPS.fullmatch(value) is not None


def _https(value: str) -> str:
    if not is_https(value):
        raise ValueError("must be an https address")
    return value


# Only what is safe to put behind a link in a mail: no other scheme, no credentials, no blanks (S16).
# Where a mail may lead is narrower still and the mail's own rule: a step of an order is not lost for it.
_HTTPS = re.compile(
    r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9\-._~%!$&()*+,;=:@/?#]*)?"
)


def _of_length(most: int, pattern: str) -> FieldInfo:
    limits: FieldInfo = Field(min_length=1, max_length=most, json_schema_extra={"pattern": pattern})
    return limits


Moment = Annotated[datetime, BeforeValidator(_moment)]
Line = Annotated[str, _text(text.line), _of_length(200, text.LINE_PATTERN)]
LongLine = Annotated[str, _text(text.line), _of_length(500, text.LINE_PATTERN)]
# What people type: blanks around it are dropped, and where the box has lines they become one.
TypedLine = Annotated[str, _text(text.typed_line), _of_length(200, text.LINE_PATTERN)]
FoldedLines = Annotated[str, _text(text.folded), _of_length(500, text.LINES_PATTERN)]
Prose = Annotated[str, _text(text.visible), Field(min_length=1, max_length=4000)]
HttpsUrl = Annotated[
    str, _text(_https), Field(max_length=500, json_schema_extra={"pattern": f"^{_HTTPS.pattern}$"})
]
EmailAddress = Annotated[
    str,
    _text(mail_address.address),
    _of_length(mail_address.MAX_LENGTH, mail_address.PATTERN),
]
JsonObject = dict[str, Any]


def _or_none(value: object, rules: ValidatorFunctionWrapHandler) -> object:
    try:
        return rules(value)
    except ValidationError:
        return None


def _or_unknown(value: object, rules: ValidatorFunctionWrapHandler) -> object:
    found = _or_none(value, rules)
    return UNKNOWN_SOURCE if found is None else found


# For what only diagnoses or decorates: a value that breaks the rules counts as left out, because
# nothing may be refused, or lost, for its sake (I31).
OR_NONE = WrapValidator(_or_none)
UNKNOWN_SOURCE = "unknown"
_DIAGNOSTIC = ("source", "correlationId", "causationId", "traceId")


class Event(WireModel):
    """What every event has. Subclasses narrow ``event_type`` and give ``payload`` its shape.

    ``source`` and the three ids after it only diagnose: an odd one counts as left out (I31).
    ``causation_id`` is ours: the event whose handling emitted this one. So is ``trace_id``, the key of
    the trace that it belongs to, where its payload names no order (``shared.contracts.trace``). ``kept_in_part`` says of a
    type that its use case cuts what is too long, so that none is refused for its length.
    """

    kept_in_part: ClassVar[bool] = False

    event_id: Id
    event_type: str
    timestamp: Moment
    version: Annotated[str, Field(pattern=f"^{_VERSION.pattern}$")] = VERSION
    source: Annotated[Line, WrapValidator(_or_unknown)] = UNKNOWN_SOURCE
    correlation_id: Annotated[Id | None, OR_NONE] = None
    causation_id: Annotated[Id | None, OR_NONE] = None
    trace_id: Annotated[Id | None, OR_NONE] = None
    payload: Any

    _ignored: tuple[str, ...] = PrivateAttr(default=())

    @property
    def ignored(self) -> tuple[str, ...]:
        """Fields of the delivery that broke their rules and were left out, by name."""
        return self._ignored

    def ignoring(self, fields: tuple[str, ...]) -> Self:
        """The same event, which remembers what of its delivery was left out."""
        copy = self.model_copy()
        copy._ignored = fields  # noqa: SLF001 - its own class
        return copy

    def said(self) -> object:
        """What another event under this id must say too, to be the same one (I29)."""
        return self.payload

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
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{_shown(part)}"
    return path.lstrip(".") or "body"


def _shown(name: str) -> str:
    # A name may be the sender's own, such as a dimension's: it must not break a line or a terminal.
    return (name if name.isprintable() else ascii(name)[1:-1])[:128]


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


_COUNTED = dict.fromkeys(("Tuple", "List", "Dictionary"), ("entry", "entries"))


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
    one, more = _COUNTED.get(str(context.get("field_type")), ("character", "characters"))
    bound, number = (
        ("least", context["min_length"])
        if "min_length" in context
        else ("most", context["max_length"])
    )
    return f"must have at {bound} {number} {one if number == 1 else more}"


def validated(model: type[E], values: object, *, in_python: bool = False) -> E:
    """Values as a model.

    Args:
        in_python: the values come from a Python program, which may spell a field its own way
            (``payment_id``). On the wire only the documented spelling counts (S35).

    Raises:
        InvalidInputError: naming the first field that breaks a rule, and the rule; never a value.
    """
    try:
        return model.model_validate(values, by_alias=True, by_name=in_python)
    except ValidationError as error:
        problems = [(path_of(found["loc"]), _rule(found)) for found in error.errors()]
        raise InvalidInputError(*problems[0], others=tuple(problems[1:20])) from None


def read_event(
    body: bytes, models: Mapping[str, type[Event]], *, max_bytes: int = MAX_EVENT_BYTES
) -> Event:
    """Bytes of a delivery, encoded once or twice, as one of the events that this topic handles.

    Raises:
        PayloadTooLargeError: longer than ``max_bytes``, as it came or as it is stored and sent on.
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
    event = validated(model, values)
    if _MOST_GROWTH * len(body) > max_bytes and not model.kept_in_part:
        _check_written(event, max_bytes)
    odd = tuple(name for name in _DIAGNOSTIC if _is_left_out(event, name, values))
    return event.ignoring(odd) if odd else event


def _check_written(event: Event, max_bytes: int) -> None:
    # What we could read and not store or send on would be a failure without end.
    if len(event.to_json().encode()) > max_bytes:
        raise PayloadTooLargeError(
            f"payload: must be at most {max_bytes} bytes with its numbers written out"
        )


def _is_left_out(event: Event, name: str, values: Mapping[str, Any]) -> bool:
    # Producers that know no correlation write an empty one: that is not odd.
    given = values.get(name) or None
    kept = {
        "correlationId": event.correlation_id,
        "causationId": event.causation_id,
        "traceId": event.trace_id,
    }
    return given is not None and given != kept.get(name, event.source)
