"""Whose call it is: Lambda's credentials, from the environment or from its own endpoint.

A function started from a snapshot gets them by HTTP, for a while only; all others find them in the
environment, good for as long as the process lives. Source: AWS's guides on Lambda's environment
variables and on container credential providers.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from shared.adapters.aws.errors import AwsCredentialsError
from shared.kernel.clock import Clock

# New ones are fetched so long before the old ones end. AWS makes them available before that.
REFRESH_BEFORE = timedelta(minutes=10)
_URI, _TOKEN = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - a variable's name
_TIMEOUT = urllib3.Timeout(connect=1.0, read=2.0)
_ATTEMPTS = 3
# Where credentials may come from in the clear: this machine, and AWS's own link-local endpoints.
_LINK_LOCAL = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs a request. ``expires`` is None where they are good for the process's life."""

    access_key: str
    secret_key: str
    session_token: str
    expires: datetime | None = None

    def __repr__(self) -> str:
        """Never the secrets."""
        return f"Credentials({self.access_key!r}, …)"


class EnvironmentCredentials:
    """Those that Lambda puts into the environment of a function."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self) -> Credentials:
        """The credentials now.

        Raises:
            AwsCredentialsError: there are none.
        """
        try:
            return Credentials(
                self._environ["AWS_ACCESS_KEY_ID"],
                self._environ["AWS_SECRET_ACCESS_KEY"],
                self._environ.get("AWS_SESSION_TOKEN", ""),
            )
        except KeyError as error:
            raise AwsCredentialsError(f"{error.args[0]} is not in the environment") from None


class ContainerCredentials:
    """Those that Lambda hands out by HTTP where a function is restored from a snapshot."""

    def __init__(self, environ: Mapping[str, str], pool: urllib3.PoolManager, clock: Clock) -> None:
        self._url = _allowed(environ[_URI])
        self._environ, self._pool, self._clock = environ, pool, clock
        self._held: Credentials | None = None

    def __call__(self) -> Credentials:
        """The credentials now, new ones before the old ones end.

        Raises:
            AwsCredentialsError: there are none, or the old ones ended and no new ones came.
        """
        held, now = self._held, self._clock.now()
        if held is not None and _ends_later(held, now + REFRESH_BEFORE):
            return held
        try:
            self._held = self._fetch()
        except AwsCredentialsError:
            # Still good: the next call asks again.
            if held is not None and _ends_later(held, now):
                return held
            raise
        return self._held

    def _fetch(self) -> Credentials:
        problem = ""
        for _ in range(_ATTEMPTS):
            try:
                answer = self._pool.request(
                    "GET",
                    self._url,
                    headers=self._authorization(),
                    timeout=_TIMEOUT,
                    retries=False,
                    redirect=False,
                )
            except HTTPError as error:
                problem = type(error).__name__
                continue
            if answer.status == 200:
                return _read(answer.data)
            problem = f"HTTP {answer.status}"
        raise AwsCredentialsError(f"the credentials' endpoint: {problem}")

    def _authorization(self) -> dict[str, str]:
        # Read each time: the file's contents change.
        path = self._environ.get(_TOKEN_FILE)
        token = Path(path).read_text("utf-8") if path else self._environ.get(_TOKEN, "")
        return {"Authorization": token} if token else {}


def credentials(
    environ: Mapping[str, str], pool: urllib3.PoolManager, clock: Clock
) -> Callable[[], Credentials]:
    """Where this process finds its credentials.

    Raises:
        AwsCredentialsError: the endpoint that the environment names may not be asked.
    """
    if environ.get(_URI):
        return ContainerCredentials(environ, pool, clock)
    return EnvironmentCredentials(environ)


def _allowed(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or (parts.scheme == "http" and _is_own(host)):
        return url
    raise AwsCredentialsError(f"{_URI} names a host that credentials must not come from")


def _is_own(host: str) -> bool:
    if host == "localhost" or host in _LINK_LOCAL:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _read(data: bytes) -> Credentials:
    try:
        found = json.loads(data)
        return Credentials(
            found["AccessKeyId"],
            found["SecretAccessKey"],
            found["Token"],
            datetime.fromisoformat(found["Expiration"]).astimezone(UTC),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise AwsCredentialsError(
            f"the credentials' endpoint answered what cannot be read: {type(error).__name__}"
        ) from None


def _ends_later(credentials: Credentials, moment: datetime) -> bool:
    return credentials.expires is None or credentials.expires > moment
