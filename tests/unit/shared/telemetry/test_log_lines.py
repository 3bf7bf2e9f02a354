"""Our lines beside those of Powertools' own formatter, which is the schema."""

import json
import logging
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry.log_lines import FIELDS, LineFormatter
from shared.telemetry.powertools import ALLOWED_FIELDS

TRACE = "_X_AMZN_TRACE_ID"
# Every character but surrogates, which no text of ours has, and which no log can write as UTF-8.
texts = st.text(st.characters(codec="utf-8"), max_size=40)
# Powertools reads a message that happens to be JSON; ours are sentences.
messages = texts.map(lambda text: f"said {text}")
fields = st.dictionaries(
    st.sampled_from(sorted(ALLOWED_FIELDS)), texts | st.integers() | st.booleans(), max_size=6
)
seconds = st.floats(min_value=1_700_000_000, max_value=2_000_000_000)


def record(message: str, extra: dict[str, Any], created: float = 1_750_000_000.25) -> Any:
    made = logging.LogRecord("x", logging.WARNING, "f.py", 7, message, (), None, "does")
    made.created, made.msecs = created, int((created - int(created)) * 1000)
    for name, value in extra.items():
        setattr(made, name, value)
    return made


@given(message=messages, kept=fields, extra=fields, created=seconds)
def test_a_line_is_the_one_that_powertools_writes_in_the_same_order(message, kept, extra, created):
    ours = LineFormatter()
    theirs = LambdaPowertoolsFormatter(utc=True)
    for formatter in (ours, theirs):
        formatter.append_keys(service="orders", stage="test")
        formatter.append_keys(**kept)

    line = ours.format(record(message, {FIELDS: extra}, created))

    expected = theirs.format(record(message, extra, created))
    assert json.loads(line) == json.loads(expected)
    assert list(json.loads(line))[:6] == list(json.loads(expected))[:6]


@given(message=messages, kept=fields)
def test_a_line_is_one_line_of_ascii_whatever_it_says(message, kept):
    formatter = LineFormatter()
    formatter.append_keys(**kept)

    line = formatter.format(record(f"{message}\n\u2028\u2029\x85\x00\ud800", {FIELDS: kept}))

    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"].endswith("\ud800")


def test_the_trace_that_lambda_names_is_in_the_line(monkeypatch):
    monkeypatch.setenv(TRACE, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=5;Sampled=1")
    lines = [
        json.loads(formatter.format(record("said", {})))
        for formatter in (LineFormatter(), LambdaPowertoolsFormatter(utc=True))
    ]

    assert lines[0] == lines[1]
    assert lines[0]["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize("formatter", [LineFormatter(), LambdaPowertoolsFormatter(utc=True)])
def test_fields_come_and_go(formatter):
    formatter.append_keys(order_id="ord_1", sku="mug", code=None)
    formatter.remove_keys(["order_id", "never-there"])
    line = json.loads(formatter.format(record("said", {})))
    assert (line["sku"], "order_id" in line, "code" in line) == ("mug", False, False)

    formatter.clear_state()
    formatter.thread_safe_clear_keys()
    assert "sku" not in json.loads(formatter.format(record("said", {})))
