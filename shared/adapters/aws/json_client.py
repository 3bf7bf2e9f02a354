"""A client of AWS's JSON protocol: one kept-alive connection, signed requests, bounded retries.

botocore does the same for three hundred services, from their descriptions. That was a tenth of a
cold start, and more of an event than anything else (docs/decisions/0032). The two services that every event needs are
spoken here directly, in the very JSON that DynamoDB's attributes already are.

A repeated request may have been carried out before. The callers' writes are safe in that: each is
conditional, or one transaction that carries its ``ClientRequestToken`` through all its attempts.
"""

import json
import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from shared.adapters.aws.credentials import Credentials
from shared.adapters.aws.errors import AwsRefusedError, AwsUnreachableError
from shared.adapters.aws.signature import Signer
from shared.kernel.clock import Clock

_OK = 200
_SERVER_ERROR = 500
# The service is busy, or another writer is: a moment later it may do what was asked.
_PASSING = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# Where Lambda tells of the trace that an invocation belongs to.
_TRACE = "_X_AMZN_TRACE_ID"
# Bounded so that a call and its repetitions end well inside the 30 s of a function.
_TIMEOUT = urllib3.Timeout(connect=1.0, read=3.0)


@dataclass(frozen=True, slots=True)
class Service:
    """An AWS service as its JSON protocol is spoken.

    Args:
        name: the part of its host and of its signatures.
        target: what stands before an operation's name in ``X-Amz-Target``.
        version: of the protocol.
        attempts: how often a request is made in all.
        first_pause: seconds before the second attempt, at most; doubled for each further one.
    """

    name: str
    target: str
    version: str
    attempts: int
    first_pause: float


DYNAMODB = Service("dynamodb", "DynamoDB_20120810", "1.0", attempts=2, first_pause=0.1)
# Many processes that start at once are throttled together, and have nothing else to do.
SSM = Service("ssm", "AmazonSSM", "1.1", attempts=4, first_pause=0.2)


class JsonClient:
    """One service at one address.

    Args:
        endpoint: its address, without a path.
        region: the one that the signatures name.
        credentials: whose calls these are, asked at each call.
        jitter: a number from 0 to 1, drawn for each pause.
    """

    def __init__(
        self,
        service: Service,
        endpoint: str,
        region: str,
        *,
        pool: urllib3.PoolManager,
        credentials: Callable[[], Credentials],
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._service = service
        self._pool = pool.connection_from_url(endpoint)
        self._credentials, self._clock = credentials, clock
        self._jitter = jitter
        self._signer = Signer(
            service=service.name,
            region=region,
            host=urlsplit(endpoint).netloc,
            content_type=f"application/x-amz-json-{service.version}",
        )

    def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do one operation; see the port.

        Raises:
            AwsRefusedError, AwsUnreachableError, AwsCredentialsError: as the port says.
        """
        body = json.dumps(request, separators=(",", ":")).encode()
        attempts = self._service.attempts
        for attempt in range(1, attempts + 1):
            try:
                return self._attempt(operation, body)
            except AwsRefusedError as refused:
                if attempt == attempts or not refused.passing:
                    raise
            except AwsUnreachableError:
                if attempt == attempts:
                    raise
            self._clock.sleep(self._service.first_pause * 2 ** (attempt - 1) * self._jitter())
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, operation: str, body: bytes) -> Mapping[str, Any]:
        # Signed anew each time: a signature's moment is part of it.
        headers = self._signer.headers(
            f"{self._service.target}.{operation}",
            body,
            by=self._credentials(),
            now=self._clock.now(),
        )
        if trace := os.environ.get(_TRACE):
            headers["x-amzn-trace-id"] = trace
        try:
            answer = self._pool.urlopen(
                "POST",
                "/",
                body=body,
                headers=headers,
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            raise AwsUnreachableError(type(error).__name__) from error
        return _read(answer.status, answer.headers, answer.data)


def _read(status: int, headers: Mapping[str, str], data: bytes) -> Mapping[str, Any]:
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(data)):
        raise AwsUnreachableError("the answer was damaged on its way")
    try:
        answer = json.loads(data) if data else {}
    except ValueError:
        answer = None  # a proxy's page, or half an answer
    if status == _OK and isinstance(answer, dict):
        return answer
    code = _code_of(headers, answer) if isinstance(answer, dict) else ""
    if status == _OK or not (code or status < _SERVER_ERROR):
        raise AwsUnreachableError(f"HTTP {status}, and nothing that can be read")
    raise AwsRefusedError(
        code or str(status),
        answer or {},
        passing=status >= _SERVER_ERROR or code in _PASSING,
    )


def _code_of(headers: Mapping[str, str], answer: Mapping[str, Any]) -> str:
    """The short name of a refusal: ``com.amazonaws.dynamodb.v20120810#Name`` or ``Name:more``."""
    given = answer.get("__type") or headers.get("x-amzn-errortype") or ""
    return str(given).partition(":")[0].rpartition("#")[2]
