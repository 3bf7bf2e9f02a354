"""A page of QStash's dead letter queue is read as QStash wrote it: one odd entry hides no other (S33)."""

from types import SimpleNamespace
from typing import Any

import pytest

from shared.adapters.qstash_dlq import QStashDeadLetterQueue
from shared.kernel.errors import DependencyError


def queue_answering(body: bytes) -> QStashDeadLetterQueue:
    pool: Any = SimpleNamespace(request=lambda *_a, **_k: SimpleNamespace(status=200, data=body))
    return QStashDeadLetterQueue(pool, "https://qstash.example", "token")


@pytest.mark.parametrize(
    "odd",
    [
        '{"dlqId":"odd","header":{"A":["1"],"A":["2"]}}',
        '{"dlqId":"odd","header":{"":["1"]}}',
        '{"dlqId":"odd","createdAt":' + "9" * 5_000 + "}",
        '{"dlqId":"odd","createdAt":1e400}',
        '{"dlqId":"odd","responseBody":"\\ud800"}',
        '{"dlqId":"odd","x":' + "[" * 100 + "]" * 100 + "}",
        "17",
        "null",
        '"text"',
        "[]",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_odd_entry_hides_no_other(odd, place):
    entries = ['{"dlqId":"a"}', '{"dlqId":"b"}']
    entries.insert(place, odd)
    queue = queue_answering(f'{{"messages":[{",".join(entries)}]}}'.encode())

    found = [entry["dlqId"] for entry in queue.entries(10)]

    assert [name for name in found if name != "odd"] == ["a", "b"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff", b"[" * 200_000, b"{}", b'{"messages":1}']
)
def test_a_page_that_is_none_is_tried_again(body):
    with pytest.raises(DependencyError, match="QStash"):
        list(queue_answering(body).entries(10))
