"""QStash's own dead letter queue: what it gave up on, whether or not a callback said so.

A failure callback is an ordinary message and can be lost with the consumer that is down; this is
the way around it (I15).
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from shared.kernel.errors import DependencyError
from shared.kernel.ids import is_id

_TIMEOUT = urllib3.Timeout(connect=1.0, read=5.0)
_MOST_DIGITS = 30
_MAX_PAGE_BYTES = 64_000_000


class QStashDeadLetterQueue:
    """Lists and removes entries."""

    def __init__(self, pool: urllib3.PoolManager, url: str, token: str) -> None:
        self._pool, self._url, self._token = pool, url.rstrip("/"), token

    def __repr__(self) -> str:
        """Never the token."""
        return f"QStashDeadLetterQueue(url={self._url!r})"

    def entries(self, most: int) -> Iterator[Mapping[str, Any]]:
        """Entries page by page, newest first. Others may share the queue, so one page may hold
        nothing of ours.

        Raises:
            DependencyError: QStash did not answer, or not in the documented shape.
        """
        cursor, seen = "", 0
        while seen < most:
            page, cursor = self._page(min(most - seen, 100), cursor)
            yield from page
            seen += len(page)
            if not cursor or not page:
                return

    def _page(self, count: int, cursor: str) -> tuple[list[Mapping[str, Any]], str]:
        wanted = {"count": str(count), **({"cursor": cursor} if cursor else {})}
        query = urlencode(wanted)
        answer = self._call("GET", f"/v2/dlq?{query}")
        if len(answer) > _MAX_PAGE_BYTES:
            raise DependencyError("QStash: a page of the dead letter queue is too large")
        try:
            # As QStash writes it: by stricter rules one odd entry would hide all others (S33).
            values = json.loads(answer, parse_int=_whole)
        except (ValueError, RecursionError) as error:
            raise DependencyError("QStash: the dead letter queue is not JSON") from error
        messages = values.get("messages") if isinstance(values, dict) else None
        if not isinstance(messages, list):
            raise DependencyError("QStash: the dead letter queue has an unknown shape")
        found: list[Mapping[str, Any]] = [m for m in messages if isinstance(m, dict)]
        following = values.get("cursor")
        return found, following if isinstance(following, str) else ""

    def remove(self, entry: str) -> None:
        """Remove one entry; one that is gone already counts as removed.

        Raises:
            DependencyError: QStash did not answer.
        """
        if not is_id(entry):  # an empty id would address the whole queue
            raise DependencyError("QStash: refused to remove an entry without an id")
        self._call("DELETE", f"/v2/dlq/{entry}", accept=(200, 202, 204, 404))

    def _call(self, method: str, path: str, *, accept: Sequence[int] = (200,)) -> bytes:
        try:
            answer = self._pool.request(
                method,
                f"{self._url}{path}",
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            raise DependencyError(f"QStash: {type(error).__name__}") from error
        if answer.status not in accept:
            raise DependencyError(f"QStash: HTTP {answer.status}")
        return bytes(answer.data)


def _whole(digits: str) -> int:
    # No number of QStash's has so many digits, and Python refuses to read thousands of them.
    return int(digits) if len(digits) <= _MOST_DIGITS else 0


def body_of(entry: Mapping[str, Any], text: str, encoded: str) -> bytes:
    """A body that QStash shows as text where it can and as base64 where it cannot."""
    if isinstance(entry.get(encoded), str):
        try:
            return base64.b64decode(entry[encoded], validate=True)
        except (binascii.Error, ValueError):
            return str(entry[encoded]).encode()
    return str(entry.get(text) or "").encode("utf-8", "surrogatepass")
