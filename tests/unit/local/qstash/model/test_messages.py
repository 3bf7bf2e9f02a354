"""The lifecycle of one message: which steps exist, and what follows an attempt."""

import itertools

import pytest

from local.qstash.model.backoff import Pace
from local.qstash.model.drafts import Draft
from local.qstash.model.messages import (
    FINAL,
    TRANSITIONS,
    Delivered,
    Failed,
    IllegalTransitionError,
    Message,
    Outcome,
    RetryAt,
    State,
    decide,
)


def message(**options) -> Message:
    return Message("msg_1", 1, 0, Draft(url="http://127.0.0.1/", retry_delay="500", **options))


def test_every_step_that_is_not_in_the_lifecycle_is_a_bug():
    for before, after in itertools.product(State, State):
        subject = message()
        subject.state = before
        if after in TRANSITIONS[before]:
            subject.move(after)
        else:
            with pytest.raises(IllegalTransitionError):
                subject.move(after)


def test_final_states_lead_nowhere():
    assert {state for state, following in TRANSITIONS.items() if not following} == FINAL


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_only_2xx_is_a_delivery(status):
    assert decide(message(), Outcome(status), now_ms=0, pace=Pace()) == Delivered()


@pytest.mark.parametrize("status", [0, 199, 301, 400, 401, 404, 410, 422, 429, 489, 500, 503])
def test_everything_else_is_retried(status):
    assert decide(message(), Outcome(status), now_ms=100, pace=Pace()) == RetryAt(600)


def test_no_retries_left_means_failed():
    tried = message(max_retries=2)
    tried.retried = 2

    assert decide(tried, Outcome(500), now_ms=0, pace=Pace()) == Failed()


def test_489_with_its_header_forbids_retries_and_neither_alone_does():
    header = {"Upstash-Nonretryable-Error": ["true"]}

    assert decide(message(), Outcome(489, header), now_ms=0, pace=Pace()) == Failed()
    assert decide(message(), Outcome(400, header), now_ms=0, pace=Pace()) == RetryAt(500)
    assert decide(message(), Outcome(489), now_ms=0, pace=Pace()) == RetryAt(500)
