"""Clients of botocore: for SES and SNS, and for programs that run outside of Lambda.

Importing this costs a tenth of a cold start, so only what needs it does.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session

from shared.adapters.aws.botocore_client import BotocoreClient
from shared.adapters.aws.port import AwsClient

# Bounded so that a call and its one retry end well inside the 30 s of a function.
_AWS = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
    max_pool_connections=2,
    # A tenth of an event's processor time, for what the service checks again anyway. The tests'
    # clients keep it on.
    parameter_validation=False,
)
# SES and SNS take longer, and a repeated send could be a second one: never retried below us (I12).
_SENDING = Config(
    connect_timeout=2, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 1}
)


@cache
def _session() -> Session:
    return get_session()


@cache
def plain(service: str) -> Any:
    """botocore's own client of any service."""
    return _session().create_client(service, config=_AWS)


def in_region(region: str) -> Callable[[str], Any]:
    """Makes botocore's own clients for one region, whatever the environment names."""
    return lambda service: _session().create_client(service, region_name=region, config=_AWS)


@cache
def aws(service: str) -> AwsClient:
    """A client behind the port that ours has, too."""
    return BotocoreClient(plain(service))


@cache
def mail() -> Any:
    """A client for SES that sends once."""
    return _session().create_client("sesv2", config=_SENDING)


@cache
def messages() -> Any:
    """A client for SNS, for texts and pushes, that sends once."""
    return _session().create_client("sns", config=_SENDING)


def forget() -> None:
    """Make every client anew at its next use, as a process with other credentials needs."""
    for made in (_session, plain, aws, mail, messages):
        made.cache_clear()
