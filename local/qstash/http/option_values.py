"""Reading the value of one option: header text in, a checked value or a client error out."""

from __future__ import annotations

import re

from local.qstash.errors import BadRequestError
from local.qstash.model.drafts import FlowControl, Redaction
from local.qstash.model.plans import Plan
from local.qstash.syntax.durations import DAY_MS, SECOND_MS, parse_count, parse_duration_ms
from local.qstash.syntax.names import valid_name

MAX_PERIOD_MS = 7 * DAY_MS

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_REDACTED_HEADER = re.compile(r"headers?\[([^\]]+)\]")
_FLOW_CONTROL_FORM = "Upstash-Flow-Control-Value should be either rate=X or parallelism=Y, or both as comma-separated values"
_LIMITS = frozenset({"rate", "parallelism"})


def read_text(text: str, *, name: str) -> str:
    """Turn a header's wire form, one character per byte, into the UTF-8 text that it means."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError(f"invalid {name}: not UTF-8") from error


def read_method(text: str) -> str:
    """Read `Upstash-Method`."""
    if text.upper() not in _METHODS:
        raise BadRequestError(
            f"invalid method {text!r}: expected one of {', '.join(sorted(_METHODS))}"
        )
    return text.upper()


def read_retries(text: str, plan: Plan) -> int:
    """Read `Upstash-Retries`; more than the plan allows is refused, not reduced."""
    retries = parse_count(text, name="Upstash-Retries")
    if retries > plan.max_retries:
        raise BadRequestError("quota maxRetries exceeded")
    return retries


def read_timeout(text: str, plan: Plan) -> int:
    """Read `Upstash-Timeout`, which may shorten the plan's timeout but not lengthen it."""
    timeout = parse_duration_ms(text)
    if timeout < 1:
        raise BadRequestError(f"invalid timeout {text!r}: must be longer than nothing")
    if timeout > plan.max_timeout_ms:
        limit = plan.max_timeout_ms // SECOND_MS
        raise BadRequestError(f"quota maxTimeout exceeded, current limit: {limit}")
    return timeout


def check_delay(delay_ms: int, plan: Plan) -> None:
    """Refuse to wait longer than the plan allows."""
    if plan.max_delay_ms is not None and delay_ms > plan.max_delay_ms:
        raise BadRequestError(
            f"quota maxDelay exceeded, current limit: {plan.max_delay_ms // SECOND_MS}"
        )


def read_labels(text: str) -> tuple[str, ...]:
    """Read `Upstash-Label`: one label, or several with commas between them."""
    return tuple(
        dict.fromkeys(
            valid_name(label.strip(), what="label")
            for label in read_text(text, name="Upstash-Label").split(",")
        )
    )


def read_redaction(text: str) -> Redaction:
    """Read `Upstash-Redact-Fields`."""
    body, all_headers, names = False, False, []
    for part in (part.strip() for part in text.split(",")):
        named = _REDACTED_HEADER.fullmatch(part)
        if named:
            names.append(named[1])
        elif part == "body":
            body = True
        elif part in {"header", "headers"}:
            all_headers = True
        else:
            raise BadRequestError(f"invalid Upstash-Redact-Fields: {part!r}")
    return Redaction(body=body, all_headers=all_headers, headers=tuple(names))


def read_flow_control(
    key: str | None, value: str | None, *, queue: str | None
) -> FlowControl | None:
    """Read the pair `Upstash-Flow-Control-Key` and `-Value`; None if neither was sent."""
    if key is None and value is None:
        return None
    if queue is not None:
        raise BadRequestError("unsupported: flow control on a queue, set the queue's parallelism")
    if key is None:
        raise BadRequestError("Upstash-Flow-Control-Key is missing")
    valid_name(read_text(key, name="Upstash-Flow-Control-Key"), what="flow control key")
    parts = [_limit(part) for part in (value or "").split(",")]
    limits = dict(parts)
    if (
        len(limits) < len(parts)
        or not limits.keys() <= _LIMITS | {"period"}
        or not limits.keys() & _LIMITS
    ):
        raise BadRequestError(_FLOW_CONTROL_FORM)
    return FlowControl(
        key=key,
        parallelism=_positive(limits["parallelism"]) if "parallelism" in limits else None,
        rate=_positive(limits["rate"]) if "rate" in limits else None,
        period_ms=_period_ms(limits.get("period", "1s")),
    )


def check_period(period_ms: int) -> int:
    """Return a rate's period if it's one the service takes."""
    if not SECOND_MS <= period_ms <= MAX_PERIOD_MS:
        raise BadRequestError("invalid flow control period: must be between 1s and 7d")
    return period_ms


def _period_ms(text: str) -> int:
    if text.isascii() and text.isdigit():
        return check_period(parse_count(text, name="flow control period") * SECOND_MS)
    return check_period(parse_duration_ms(text))


def _limit(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise BadRequestError(_FLOW_CONTROL_FORM)
    return name.strip().lower(), value.strip()


def _positive(text: str) -> int:
    count = parse_count(text, name="Upstash-Flow-Control-Value")
    if count < 1:
        raise BadRequestError(_FLOW_CONTROL_FORM)
    return count
