"""The pipeline on the clock of the wall, and as an HTTP server sees it: for use with real services."""

import base64
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.messaging.claims import Claims
from shared.messaging.ports import Publisher
from shared.messaging.signature import RotatingKeys, SigningKeys, Verifier
from shared.storage.ports import Tables
from tests.builders import Context, body_of
from tests.conformance.endpoint import Answer, Seen
from tests.fakes.claims import InMemoryClaims
from tests.fakes.clock import ManualClock
from tests.pipeline import URLS, Pipeline
from tests.signing import CURRENT_KEY, NEXT_KEY, sign


class WallClock(ManualClock):
    """Real time, where a manual clock is expected; a test may put it ahead."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(seconds)


class LivePipeline(Pipeline):
    """Every function over ports that may be real.

    Args:
        milliseconds: what Lambda's context says is left, and so how long a lease is.
    """

    def __init__(
        self,
        *,
        tables: Tables | None = None,
        claims: Claims | None = None,
        publisher: Publisher | None = None,
        milliseconds: int = 30_000,
    ) -> None:
        super().__init__(tables=tables, claims=claims, publisher=publisher)
        self.context = Context(milliseconds)
        self.clock = WallClock()
        self.redis = InMemoryClaims(self.clock)
        self.claims = claims or self.redis
        keys = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
        self.verify = Verifier(RotatingKeys(lambda: keys, self.clock), self.clock)

    def post(
        self,
        topic: str,
        event: dict[str, Any] | bytes,
        *,
        retried: int = 0,
        encoded: bool = False,
        sent: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One signed delivery.

        Args:
            encoded: as Lambda shows a body that it does not take for text.
            sent: what arrives instead of what was signed.
        """
        body = event if isinstance(event, bytes) else body_of(event)
        url = URLS[topic]
        headers = {
            "upstash-signature": sign(url, body, self.clock.now().timestamp()),
            "upstash-message-id": "msg_1",
            "upstash-retried": str(retried),
        }
        arriving = body if sent is None else body_of(sent)
        call = lambda_event("/", headers, arriving, encoded=encoded)
        return self.consumer(topic)(call, self.context)

    def status_of(self, topic: str, event: dict[str, Any] | bytes, *, retried: int = 0) -> int:
        """The status that one signed delivery is answered with."""
        return int(self.post(topic, event, retried=retried)["statusCode"])

    def receive(self, seen: Seen) -> Answer:
        """A delivery by QStash, to the function that its host names."""
        topic = seen.headers["host"].partition(".")[0]
        event = lambda_event(seen.path, seen.headers, seen.body)
        answer = self.consumer(topic)(event, self.context)
        return Answer(int(answer["statusCode"]), answer["body"].encode(), dict(answer["headers"]))


def lambda_event(
    path: str, headers: dict[str, str], body: bytes, *, encoded: bool = False
) -> dict[str, Any]:
    """What a function URL makes of a request."""
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {"content-type": "application/json", **headers},
        "requestContext": {"http": {"method": "POST", "path": path}},
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }
