"""How many deliveries QStash makes at once: one flow-control key per stage and topic.

QStash itself delivers up to a hundred messages at once. A function with fewer places answers the
rest with 429, and a message has no more than three retries, after 1, 2 and 4 seconds. With a key,
what finds no place waits at QStash, in order, and uses up no retry (I27).
"""

import json
from collections.abc import Iterable

import urllib3
from urllib3.exceptions import HTTPError

from shared.kernel.errors import DependencyError

# A function URL takes ten requests per second for each place of its function. A limit by the same
# factor on fewer places stays below it.
CALLS_PER_SECOND_AND_PLACE = 10
_TIMEOUT = urllib3.Timeout(connect=1.0, read=1.0)
_UNKNOWN = 404
_MAX_BYTES = 100_000


def flow_key(label: str, topic: str) -> str:
    """The key of a topic's messages; ``label`` names the application and its stage.

    QStash takes letters, digits, ``-``, ``_`` and ``.`` in it, and no colon.
    """
    return f"{label}-{topic}"


def flow_value(parallelism: int) -> str:
    """The limits of a key as QStash reads them.

    Args:
        parallelism: the most deliveries at once.
    """
    return f"parallelism={parallelism}, rate={parallelism * CALLS_PER_SECOND_AND_PLACE}, period=1s"


class QStashFlowControl:
    """Asks QStash how many messages of a topic wait for a place.

    Args:
        label: names the application and its stage.
        topics: those whose messages have a key.
    """

    def __init__(
        self, pool: urllib3.PoolManager, url: str, token: str, label: str, topics: Iterable[str]
    ) -> None:
        self._pool, self._url, self._token = pool, url.rstrip("/"), token
        self._keys = {topic: flow_key(label, topic) for topic in topics}

    def __repr__(self) -> str:
        """Never the token."""
        return f"QStashFlowControl(url={self._url!r})"

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics whose messages have a key."""
        return tuple(self._keys)

    def waiting(self, topic: str) -> int:
        """How many messages of a topic wait; none before its key's first message.

        Raises:
            DependencyError: QStash did not answer, or not in the documented shape.
        """
        try:
            answer = self._pool.request(
                "GET",
                f"{self._url}/v2/flowControl/{self._keys[topic]}",
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            raise DependencyError(f"QStash: {type(error).__name__}") from error
        if answer.status == _UNKNOWN:
            return 0
        if answer.status != 200:
            raise DependencyError(f"QStash: HTTP {answer.status}")
        return _wait_list_size(bytes(answer.data))


def _wait_list_size(data: bytes) -> int:
    try:
        values = json.loads(data) if len(data) <= _MAX_BYTES else None
    except (ValueError, RecursionError) as error:
        raise DependencyError("QStash: a flow-control key is not JSON") from error
    size = values.get("waitListSize") if isinstance(values, dict) else None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise DependencyError("QStash: a flow-control key has an unknown shape")
    return size
