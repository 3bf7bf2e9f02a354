"""Filters of lists and bulk requests, above all that none of them ever means "all" by accident."""

import pytest

from local.qstash.errors import BadRequestError
from local.qstash.http import filters
from local.qstash.http.filters import bulk_count, bulk_parameters, chosen_ids, parse_criteria
from local.qstash.model.drafts import Draft, FlowControl
from local.qstash.model.messages import State

DRAFT = Draft(
    url="http://127.0.0.1/a",
    queue="q",
    labels=("x", "y"),
    caller_ip="127.0.0.1",
    flow_control=FlowControl("k"),
)


def matches(*parameters: tuple[str, str]) -> bool:
    return parse_criteria(parameters, filters.LOGS).matches(
        DRAFT, message_id="msg_1", at_ms=1000, state=State.RETRY, status=503
    )


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        [("messageId", "msg_1")],
        [("messageIds", "msg_0,msg_1")],
        [("messageId", "msg_0"), ("messageId", "msg_1")],
        [("url", "http://127.0.0.1/a"), ("queueName", "q"), ("label", "y")],
        [("callerIp", "127.0.0.1")],
        [("callerIP", "127.0.0.1")],
        [("flowControlKey", "k")],
        [("responseStatus", "503")],
        [("state", "RETRY")],
        [("state", "IN_PROGRESS")],
        [("state", "DELIVERED,RETRY")],
        [("label", "z,y")],
        [("label", "z"), ("label", "y")],
        [("queueName", "p,q"), ("flowControlKey", "j,k"), ("callerIp", "::1,127.0.0.1")],
        [("responseStatus", "500,503")],
        [("url", "http://127.0.0.1/b,http://127.0.0.1/a")],
        [("host", "127.0.0.1")],
        [("host", "localhost,127.0.0.1"), ("path", "/b,/a")],
        [("fromDate", "1000"), ("toDate", "1000")],
        [("cursor", "9"), ("count", "1")],
    ],
)
def test_all_filters_must_hold_and_any_value_of_one(parameters):
    assert matches(*parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        [("messageId", "msg_2")],
        [("messageId", "msg_1"), ("queueName", "other")],
        [("label", "z")],
        [("topicName", "t")],
        [("state", "DELIVERED")],
        [("responseStatus", "500")],
        [("fromDate", "1001")],
        [("toDate", "999")],
        [("path", "/A")],
        [("path", "a")],
        [("host", "127.0.0.2")],
        [("messageId", "")],
        [("messageIds", "")],
        [("label", "")],
    ],
)
def test_one_filter_that_fails_excludes_and_an_empty_one_always_fails(parameters):
    assert not matches(*parameters)


def test_ids_may_be_repeated_joined_or_in_the_body_and_none_is_not_all():
    assert chosen_ids([("dlqIds", "a,b"), ("dlqIds", "c"), ("dlqIds", "a")], "dlqIds") == [
        "a",
        "b",
        "c",
    ]
    assert chosen_ids(bulk_parameters([], b'{"dlqIds": ["a"]}'), "dlqIds") == ["a"]
    assert chosen_ids(bulk_parameters([], b'{"dlqIds": []}'), "dlqIds") == []
    assert chosen_ids([("dlqIds", "")], "dlqIds") == []
    assert chosen_ids([], "dlqIds") is None


def test_a_url_may_have_commas_itself():
    draft = Draft(url="http://127.0.0.1/a,b")
    wanted = parse_criteria([("url", draft.url), ("path", "/a,b")], filters.CANCEL)

    assert wanted.matches(draft, message_id="m", at_ms=0)


def test_a_path_that_is_left_out_is_the_root():
    wanted = parse_criteria([("host", "127.0.0.1:8"), ("path", "/")], filters.CANCEL)

    assert wanted.matches(Draft(url="http://127.0.0.1:8"), message_id="m", at_ms=0)


@pytest.mark.parametrize("spelling", ["CANCELED", "CANCELLED"])
def test_both_spellings_of_the_cancelled_state_are_known(spelling):
    wanted = parse_criteria([("state", spelling)], filters.LOGS)

    assert wanted.matches(DRAFT, message_id="m", at_ms=0, state=State.CANCELED)
    assert not wanted.matches(DRAFT, message_id="m", at_ms=0, state=State.CANCEL_REQUESTED)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b'"x"', b'{"messageIds": null}', b'{"messageIds": [null]}', b'{"messageIds": [["a"]]}',
     b'{"messageIds": {}}', b'{"messageIds": true}', b'{"messageIds": [1.5]}', b'{"messageIds": ["\\ud800"]}',
     b'{"messageIds": ["a"], "messageIds": []}', b'{"count": NaN}', b"\xff", b"[" * 100_000,
     b'{"label": ' + b"[" * 101 + b"]" * 101 + b"}", b'{"count": 1' + b"0" * 5000 + b"}"],
    ids=range(16),
)  # fmt: skip
def test_a_body_that_means_nothing_clear_is_refused(body):
    with pytest.raises(BadRequestError, match=r"^invalid "):
        bulk_parameters([], body)


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [(filters.CANCEL, "lable"), (filters.LOGS, "lable"), (filters.DEAD_LETTERS, "lable"),
     (filters.CANCEL, "state"), (filters.CANCEL, "cursor"), (filters.CANCEL, "dlqIds"),
     (filters.LOGS, "dlqIds"), (filters.LOGS, "api"), (filters.DEAD_LETTERS, "messageIds"),
     # The service's dead letter queue knows neither.
     (filters.DEAD_LETTERS, "host"), (filters.DEAD_LETTERS, "path"), (filters.DEAD_LETTERS, "state")],
)  # fmt: skip
def test_no_endpoint_ignores_a_filter_that_it_does_not_know(endpoint, name):
    with pytest.raises(BadRequestError, match=f"unknown filter: {name}"):
        parse_criteria([(name, "x")], endpoint)


@pytest.mark.parametrize(
    "parameters",
    [
        [("state", "SENT")],
        [("state", "retry")],
        [("responseStatus", "5xx")],
        [("fromDate", "yesterday")],
        [("toDate", "-1")],
        [("toDate", "1"), ("toDate", "2")],
        [("count", "1"), ("count", "2")],
    ],
)
def test_values_that_cannot_be_meant_are_refused(parameters):
    with pytest.raises(BadRequestError, match=f"invalid {parameters[0][0]}"):
        parse_criteria(parameters, filters.LOGS)


@pytest.mark.parametrize("count", ["0", "501", "-1", "x", ""])
def test_a_bulk_change_is_bounded(count):
    assert bulk_count([("count", "500")], most=500) == 500
    assert bulk_count([], most=500) is None
    with pytest.raises(BadRequestError, match="invalid count"):
        bulk_count([("count", count)], most=500)
