"""What waits at QStash is one number, or an error that says whose answer was odd."""

from types import SimpleNamespace
from typing import Any

import pytest
from urllib3.exceptions import ReadTimeoutError

from local.qstash.http.option_values import read_flow_control
from shared.adapters.qstash_flow_control import QStashFlowControl, flow_key, flow_value
from shared.contracts.topics import Topic
from shared.kernel.errors import DependencyError


class Pool:
    """Answers every request alike, and keeps what was asked."""

    def __init__(self, status: int, body: bytes = b"") -> None:
        self.status, self.body = status, body
        self.asked: list[tuple[str, str, str]] = []

    def request(self, method: str, url: str, **options: Any) -> SimpleNamespace:
        self.asked.append((method, url, options["headers"]["Authorization"]))
        return SimpleNamespace(status=self.status, data=self.body)


def asking(pool: Any) -> QStashFlowControl:
    return QStashFlowControl(
        pool, "https://qstash.example/", "the-token", "order-pipeline-prod", ["orders"]
    )


def test_the_wait_list_of_the_topic_s_key_is_what_counts():
    pool = Pool(200, b'{"flowControlKey":"k","waitListSize":17,"parallelismCount":4}')

    assert asking(pool).waiting("orders") == 17
    assert pool.asked == [
        (
            "GET",
            "https://qstash.example/v2/flowControl/order-pipeline-prod-orders",
            "Bearer the-token",
        )
    ]


def test_before_its_first_message_a_key_is_unknown_and_nothing_waits():
    assert asking(Pool(404, b'{"error":"not found"}')).waiting("orders") == 0


@pytest.mark.parametrize("status", [301, 401, 429, 500])
def test_a_refusal_is_an_error_and_not_zero(status):
    with pytest.raises(DependencyError, match=f"HTTP {status}"):
        asking(Pool(status, b'{"waitListSize":0}')).waiting("orders")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"waitListSize":-1}',
        b'{"waitListSize":true}',
        b'{"waitListSize":"5"}',
        b'{"waitListSize":' + b"9" * 5_000 + b"}",
        b"[" * 90_000,
        b'{"waitListSize":1,"pad":"' + b"x" * 200_000 + b'"}',
    ],
)
def test_an_answer_of_another_shape_is_an_error(body):
    with pytest.raises(DependencyError, match="flow-control key"):
        asking(Pool(200, body)).waiting("orders")


def test_silence_is_an_error_without_the_token():
    def silent(*_: Any, **__: Any) -> None:
        raise ReadTimeoutError(SimpleNamespace(), "https://qstash.example", "slow")  # type: ignore[arg-type]

    unanswered = asking(SimpleNamespace(request=silent))

    with pytest.raises(DependencyError, match="ReadTimeoutError"):
        unanswered.waiting("orders")
    assert "the-token" not in repr(unanswered)


@pytest.mark.parametrize("stage", ["local", "dev", "staging", "prod"])
@pytest.mark.parametrize("topic", Topic)
def test_keys_and_limits_are_what_qstash_takes(stage, topic):
    """It refuses a key with a colon, and a value of another form."""
    key = flow_key(f"order-pipeline-{stage}", topic.value)

    limits = read_flow_control(key, flow_value(40), queue=None)

    assert limits is not None
    assert (limits.parallelism, limits.rate, limits.period_ms) == (40, 400, 1000)


def test_stages_and_topics_share_no_key():
    """One shop's burst in one stage would hold back another."""
    keys = {flow_key(f"order-pipeline-{stage}", topic) for stage in ("a", "b") for topic in Topic}

    assert len(keys) == 2 * len(Topic)
