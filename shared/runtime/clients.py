"""Clients, one of each per process, with timeouts that fit inside an invocation.

Nothing here is made on import; the code that composes a function asks for what it needs.
"""

import os
import random
import ssl
from collections.abc import Callable
from functools import cache
from typing import Literal

import certifi
import urllib3
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.adapters.aws.credentials import Credentials, credentials
from shared.adapters.aws.json_client import DYNAMODB, SSM, JsonClient
from shared.adapters.aws.port import AwsClient
from shared.kernel.clock import SystemClock
from shared.kernel.errors import ConfigurationError

# "botocore" brings botocore back for DynamoDB and SSM: a way out, should ours meet what it cannot do.
SWITCH = "AWS_CLIENT"
# Other addresses than the usual one of a region. botocore knows how they are made.
_SPECIAL_ADDRESSES = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
_SPECIAL_REGIONS = ("us-iso", "eu-iso", "us-isof", "eusc-")
_REDIS_SECONDS = 0.2


@cache
def tls_context() -> ssl.SSLContext:
    """One context for all pools: loading the authorities costs more than a handshake."""
    return ssl.create_default_context(cafile=certifi.where())


@cache
def aws(service: Literal["dynamodb", "ssm"]) -> AwsClient:
    """A client for DynamoDB or SSM."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    if _needs_botocore(region):
        from shared.runtime import botocore_clients  # noqa: PLC0415 - a tenth of a cold start

        return botocore_clients.aws(service)
    clock = SystemClock()
    pool = http_pool()
    return JsonClient(
        {"dynamodb": DYNAMODB, "ssm": SSM}[service],
        _endpoint(service, region),
        region,
        pool=pool,
        credentials=_credentials(),
        clock=clock,
        jitter=random.random,
    )


@cache
def _credentials() -> Callable[[], Credentials]:
    return credentials(os.environ, http_pool(), SystemClock())


def _needs_botocore(region: str) -> bool:
    return (
        os.environ.get(SWITCH) == "botocore"
        or any(os.environ.get(name, "").lower() == "true" for name in _SPECIAL_ADDRESSES)
        or region.startswith(_SPECIAL_REGIONS)
    )


def _endpoint(service: str, region: str) -> str:
    given = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get(
        "AWS_ENDPOINT_URL"
    )
    if given:
        return given.rstrip("/")
    if not region:
        raise ConfigurationError({"AWS_REGION": "must name the region of the tables"})
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{suffix}"


@cache
def http_pool() -> urllib3.PoolManager:
    """Kept-alive connections: one each to QStash and to every service of AWS that we call."""
    # More places than there are addresses: a pool that gives way to another is closed.
    return urllib3.PoolManager(num_pools=8, maxsize=1, block=True, ssl_context=tls_context())


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


def forget() -> None:
    """Make every client of AWS anew at its next use, as a process with other credentials needs."""
    aws.cache_clear()
    _credentials.cache_clear()
