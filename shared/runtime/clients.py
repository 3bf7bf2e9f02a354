"""Clients, one of each per process, with timeouts that fit inside an invocation.

Nothing here is made on import; the code that composes a function asks for what it needs.
"""

import ssl
from functools import cache
from typing import Any

import certifi
import urllib3
from botocore.config import Config
from botocore.session import Session, get_session
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

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
_REDIS_SECONDS = 0.2


@cache
def tls_context() -> ssl.SSLContext:
    """One context for all pools: loading the authorities costs more than a handshake."""
    return ssl.create_default_context(cafile=certifi.where())


@cache
def _session() -> Session:
    return get_session()


@cache
def aws(service: str) -> Any:
    """A client for DynamoDB, SSM and the like."""
    return _session().create_client(service, config=_AWS)


@cache
def mail() -> Any:
    """A client for SES that sends once."""
    return _session().create_client("sesv2", config=_SENDING)


@cache
def messages() -> Any:
    """A client for SNS, for texts and pushes, that sends once."""
    return _session().create_client("sns", config=_SENDING)


@cache
def http_pool() -> urllib3.PoolManager:
    """Kept-alive connections for publishing."""
    return urllib3.PoolManager(num_pools=2, maxsize=1, block=True, ssl_context=tls_context())


def redis(url: str) -> Redis:
    """A client with short timeouts and one immediate repetition, over one connection.

    The repetition covers the idle connection that the other side closed; the claim script makes
    it harmless.
    """
    return Redis.from_url(
        url,
        protocol=2,
        driver_info=None,
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        socket_keepalive=True,
        single_connection_client=False,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=0,
    )
