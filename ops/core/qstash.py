"""Asks QStash what operators need to know: keys, limits, and whether it takes a message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from ops.core.errors import OperatorError
from shared.kernel.errors import DependencyError

REGIONS = ("https://qstash.upstash.io", "https://qstash-us-east-1.upstash.io")
"""Where QStash is. Each region has its own tokens and signing keys."""
_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)
_MAX_BYTES = 100_000
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What QStash answered.

    Args:
        values: the JSON object; empty if there was none.
    """

    status: int
    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A member that is text; empty if it is not."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A member that is a whole number; None if it is not."""
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


class QStashApi:
    """QStash, asked with one token.

    Args:
        url: base address.
        token: bearer token; never shown.
    """

    def __init__(self, pool: urllib3.PoolManager, url: str, token: str) -> None:
        self._pool, self.url, self._token = pool, url.rstrip("/"), token

    def __repr__(self) -> str:
        """Never the token."""
        return f"QStashApi(url={self.url!r})"

    @property
    def is_safe(self) -> bool:
        """Whether the token travels encrypted, or not at all beyond this machine."""
        parts = urlsplit(self.url)
        return parts.scheme == "https" or parts.hostname in _THIS_MACHINE

    def at(self, url: str) -> "QStashApi":
        """The same token at another address."""
        return QStashApi(self._pool, url, self._token)

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request, whatever is answered.

        Raises:
            OperatorError: the address is no https one; nothing was sent.
            DependencyError: QStash did not answer.
        """
        if not self.is_safe:
            raise OperatorError(
                f"{self.url} is asked nothing: the token would travel in plain text"
            )
        try:
            answer = self._pool.request(
                method,
                f"{self.url}{path}",
                body=body,
                headers={"Authorization": f"Bearer {self._token}", **(headers or {})},
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            raise DependencyError(
                f"QStash does not answer at {self.url} ({type(error).__name__})"
            ) from error
        return Answer(answer.status, _object(bytes(answer.data)))


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(data) if 0 < len(data) <= _MAX_BYTES else {}
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
