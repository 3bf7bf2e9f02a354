import io
import json
from typing import Any

import pytest

from local.stack.logs import Entry, line, read, show
from local.terminal import Terminal


class Pages:
    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages

    def paginate(self, **_wanted: Any) -> tuple[dict[str, Any], ...]:
        return self.pages


class CloudWatch:
    def __init__(self, **events: list[tuple[int, str]]) -> None:
        self.events = events

    def get_paginator(self, name: str) -> Any:
        if name == "describe_log_groups":
            names = [
                {"logGroupName": f"/aws/lambda/order-pipeline-local-{function}"}
                for function in self.events
            ]
            return Pages({"logGroups": names})
        return self

    def paginate(self, logGroupName: str, startTime: int) -> list[dict[str, Any]]:  # noqa: N803
        events = self.events[logGroupName.removeprefix("/aws/lambda/order-pipeline-local-")]
        found = [{"timestamp": at, "message": text} for at, text in events if at >= startTime]
        return [{"events": found}]


def quiet() -> Terminal:
    return Terminal(io.StringIO(), live=False)


@pytest.mark.parametrize(
    "message",
    ['{"message": "\\u001b[2Jgone\\u202e\\nline"}', "\x1b[2Jgone\u202e", '"\x7f"'],
    ids=str,
)
def test_a_line_that_a_function_wrote_is_shown_and_not_obeyed(message):
    shown = line(Entry(1, "orders", message), quiet())

    assert not set(shown) & {"\x1b", "\u202e", "\x7f", "\n"}
    assert "\\x" in shown


def test_lines_of_all_functions_come_in_one_order():
    logs = CloudWatch(orders=[(2, "b"), (2, "c")], commands=[(1, "a")])

    assert [entry.message for entry in read(logs, 0)] == ["a", "b", "c"]


def test_a_structured_line_is_shown_as_one_sentence():
    message = json.dumps(
        {"timestamp": "12:00", "level": "INFO", "message": "Received", "event_id": "evt_1"}
    )

    assert line(Entry(0, "orders", message), quiet()) == "12:00  INFO     orders  Received  evt_1"


def test_other_output_is_shown_as_it_is():
    assert line(Entry(0, "orders", "Traceback"), quiet()) == "orders  Traceback"
    assert line(Entry(0, "orders", '{"a": 1}'), quiet()) == 'orders  {"a": 1}'
    assert line(Entry(0, "orders", "[1]"), quiet()) == "orders  [1]"


def test_the_platforms_own_lines_are_left_out():
    assert line(Entry(0, "orders", "START RequestId: 1 Version: $LATEST"), quiet()) == ""


def test_metrics_are_left_out():
    assert line(Entry(0, "orders", '{"_aws": {}, "EventsHandled": [1.0]}'), quiet()) == ""


def test_showing_prints_each_line_once():
    terminal = quiet()

    show(CloudWatch(orders=[(1, "a"), (1, "b")]), terminal, follow=False)

    assert isinstance(terminal.stream, io.StringIO)
    assert terminal.stream.getvalue() == "orders  a\norders  b\n"
