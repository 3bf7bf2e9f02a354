"""Whole deliveries: in at the entry that Lambda calls, out with the answer."""

import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import events
from benchmarks.subjects import Batch, Subject, Workload
from tests.signing import CHECKOUT_KEY

Call = Callable[[Mapping[str, Any], events.Invocation], Mapping[str, Any]]


class UnexpectedAnswerError(AssertionError):
    """A handler refused an event that it should handle, so its time is not the time to measure."""


def _over(calls: list[dict[str, Any]], handler: Call, expected: int) -> Batch:
    context = events.Invocation()

    def batch() -> None:
        for call in calls:
            answer = handler(call, context)
            if answer["statusCode"] != expected:
                raise UnexpectedAnswerError(f"{answer['statusCode']}: {answer['body']}")

    return batch


def _workload(
    handler: Call, call: Callable[[str], dict[str, Any]], expected: int = 200
) -> Workload:
    ids = events.fresh_ids("evt")
    return lambda count: _over([call(next(ids)) for _ in range(count)], handler, expected)


def _checkout(event_id: str) -> dict[str, Any]:
    return events.delivery("commands", events.checkout_body(event_id))


def _audit(event_id: str) -> dict[str, Any]:
    return events.delivery("analytics", events.audit_body(event_id))


def _request(event_id: str) -> dict[str, Any]:
    return events.checkout_request(events.checkout_body(event_id))


def _signed_request(event_id: str) -> dict[str, Any]:
    return events.signed_checkout_request(events.checkout_body(event_id))


def _signed_entry() -> Call:
    """The checkout function of a stage that takes signed checkouts only."""
    os.environ |= {"CHECKOUT_TRUST": "signed", "CHECKOUT_CURRENT_SIGNING_KEY": CHECKOUT_KEY}
    return _entry("checkout")


def _entry(function: str) -> Call:
    # Imported here: the worker's environment is that of a function that initialises.
    handler: Call = importlib.import_module(f"functions.{function}.handler").lambda_handler
    return handler


def _reference(name: str, environ: Mapping[str, str]) -> Call:
    handler: Call = importlib.import_module(f"benchmarks.reference.{name}").build(environ)
    return handler


def _bare(_environ: Mapping[str, str]) -> Call:
    handler: Call = importlib.import_module("benchmarks.subjects.bare_spine").build()
    return handler


def _repeated(handler: Call) -> Workload:
    """Deliveries of an event that is already handled."""
    call = _checkout(next(events.fresh_ids("dup")))
    _over([call], handler, 200)()
    return lambda count: _over([call] * count, handler, 200)


SUBJECTS: dict[str, Subject] = {
    "spine.checkout": lambda _environ: _workload(_entry("commands"), _checkout),
    "spine.audit": lambda _environ: _workload(_entry("analytics"), _audit),
    "spine.duplicate": lambda _environ: _repeated(_entry("commands")),
    "spine.api": lambda _environ: _workload(_entry("checkout"), _request, 202),
    "spine.api.signed": lambda _environ: _workload(_signed_entry(), _signed_request, 202),
    "spine.bare": lambda e: _workload(_bare(e), _checkout),
    "spine.bare.duplicate": lambda e: _repeated(_bare(e)),
    "spine.powertools": lambda e: _workload(_reference("powertools", e), _checkout),
    "spine.powertools.duplicate": lambda e: _repeated(_reference("powertools", e)),
    "spine.plain_sdks": lambda e: _workload(_reference("plain_sdks", e), _checkout),
    "spine.plain_sdks.duplicate": lambda e: _repeated(_reference("plain_sdks", e)),
    "spine.floor": lambda e: _workload(_reference("floor", e), _checkout),
}
