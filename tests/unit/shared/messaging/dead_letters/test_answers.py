"""Refused by our code, or blocked on the way: told by status and structure, never by words."""

import json

import pytest

from shared.kernel.errors import (
    BusyError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    RecipientCappedError,
    UnauthenticatedError,
)
from shared.messaging.dead_letters.answers import LastAnswer
from shared.messaging.http import error_body
from shared.storage.records.dead_letter import DeadLetterKind

THROTTLED = b'{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","message":"Rate"}'


def ours(error):
    return json.dumps(error_body(error)).encode()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (0, b""),
        (401, ours(UnauthenticatedError("wrong key"))),
        (403, b'{"Message":"Forbidden. For troubleshooting Function URL authorization issues"}'),
        (404, b"null"),
        (404, b'{"error":{"code":"not_found","message":"no such deployment"}}'),
        (404, ours(InvalidInputError("a", "b"))),
        (429, THROTTLED),
        (500, b"Internal Server Error"),
        (500, ours(ConfigurationError({"X": "is missing"}))),
        (500, b'{"error":"HTTP 489: refused, invalid_field, permanent"}'),
        (502, b"\xff\xfe"),
        (503, ours(BusyError("another run holds this event"))),
        (503, b"[" * 5000),
        (504, b'["success", false]'),
    ],
)
def test_whatever_our_code_did_not_refuse_was_blocked(status, body):
    assert LastAnswer.of(status, body).kind is DeadLetterKind.BLOCKED


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (489, ours(InvalidInputError("payload.items", "must not be empty"))),
        (489, ours(RecipientCappedError("enough"))),
        (489, b""),
        (489, b'{"success":false,"error":{"code":"unheard_of"}}'),
        (400, ours(InvalidInputError("a", "b"))),
        (404, ours(NotFoundError("no such order"))),
    ],
)
def test_what_our_code_answers_for_good_is_refused(status, body):
    assert LastAnswer.of(status, body).kind is DeadLetterKind.REFUSED


def test_the_code_of_a_long_answer_is_read_to_its_end():
    """The text that is kept is cut; what decides is not."""
    others = tuple((f"payload.items[{n}].quantity", "must be from 1 to 999") for n in range(90))
    answer = LastAnswer.of(489, ours(InvalidInputError("payload", "is wrong", others=others)))

    assert answer.cause == "HTTP 489 invalid_field"
