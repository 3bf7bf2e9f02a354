"""Filters of lists and bulk requests, above all that none of them ever means "all" by accident."""

import pytest

from local.qstash.drafts import Draft, FlowControl
from local.qstash.errors import BadRequestError
from local.qstash.filters import bulk_parameters, chosen_ids, parse_criteria
from local.qstash.messages import State

DRAFT = Draft(
    url="http://127.0.0.1/a",
    queue="q",
    labels=("x", "y"),
    caller_ip="127.0.0.1",
    flow_control=FlowControl("k"),
)


def matches(*parameters: tuple[str, str]) -> bool:
    return parse_criteria(parameters).matches(
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


@pytest.mark.parametrize("body", [b"[]", b"{", b'"x"'])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(BadRequestError):
        bulk_parameters([], body)


def test_bulk_changes_refuse_unknown_filters():
    with pytest.raises(BadRequestError, match="unknown filter: lable"):
        parse_criteria([("lable", "x")], strict=True)
    parse_criteria([("lable", "x")])
