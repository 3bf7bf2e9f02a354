"""The AWS emulator as the stack sees it: how to start it, and a client for each service."""

import os
import re
import sys
from collections.abc import Mapping
from typing import Any

import boto3
import httpx
from botocore.config import Config

from local.stack import environment
from local.stack.emulator import KEEP_VARIABLE, LIMIT_VARIABLE, UNPACK_VARIABLE
from local.stack.home import Home
from local.stack.ports import LOOPBACK
from local.stack.processes import StartError
from local.stack.state.keeper import DEPLOYING_PATH, FORGET_MESSAGES_PATH, KEEP_PATH

CONCURRENCY_VARIABLE = "LOCAL_CONCURRENCY"
IAM_VARIABLE = "LOCAL_IAM"
# An idle worker process is 60 MB of memory; the first of each function always stays.
_IDLE_SECONDS = "60"


def endpoint(port: int) -> str:
    """Where the emulator listens. The number, not `localhost`: only then are S3 paths simple."""
    return f"http://{LOOPBACK}:{port}"


def command() -> list[str]:
    """How to start it."""
    return [sys.executable, "-m", "local.stack.emulator"]


def _limit(environ: Mapping[str, str]) -> str:
    limit = environ.get(CONCURRENCY_VARIABLE) or str(max(4, 2 * (os.cpu_count() or 1)))
    if re.fullmatch(r"[1-9][0-9]{0,3}", limit) is None:
        raise StartError(f"{CONCURRENCY_VARIABLE}={limit} must be a whole number from 1 to 9999")
    return limit


def process_environment(home: Home, port: int, environ: Mapping[str, str]) -> dict[str, str]:
    """What the emulator is told; the functions' processes inherit it.

    Raises:
        StartError: a setting of the environment makes no sense.
    """
    return {
        **environment.of_aws_client(home, endpoint(port)),
        "GATEWAY_PORT": str(port),
        # Every request is judged by the policies of the role that signed it: a function can do here what
        # its role allows, and nothing else.
        "AUTH": "false" if environ.get(IAM_VARIABLE) == "off" else "true",
        LIMIT_VARIABLE: _limit(environ),
        UNPACK_VARIABLE: str(home.scratch / "unpacked"),
        "LAMBDA_WARM_TTL_SECONDS": _IDLE_SECONDS,
        KEEP_VARIABLE: str(home.state / "aws"),
        # What it keeps outside of the snapshot: functions' code, and what lies in buckets.
        "STATE_DIR": str(home.state / "aws"),
        "S3_DATA_DIR": str(home.state / "s3"),
        "S3_PERSIST": "1",
        # Services that would open well-known ports of their own.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Its containers are of no use here, and looking for Docker takes time.
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }


def is_ready(port: int) -> bool:
    """Whether it takes requests."""
    try:
        return (
            httpx.get(f"{endpoint(port)}/_ministack/ready", timeout=2, trust_env=False).status_code
            == 200
        )
    except httpx.TransportError:
        return False


def client(service: str, endpoint_url: str) -> Any:
    """A boto3 client that can reach nothing but the emulator."""
    return boto3.client(
        service,
        endpoint_url=endpoint_url,
        region_name=environment.REGION,
        aws_access_key_id=environment.ACCESS_KEY_ID,
        aws_secret_access_key=environment.SECRET_ACCESS_KEY,
        config=Config(retries={"mode": "standard"}, max_pool_connections=32),
    )


class KeepError(Exception):
    """The emulator cannot do what concerns the state it keeps; the message is its own."""


def begin_deployment(endpoint_url: str) -> None:
    """Tell it that its installation is incomplete from now on: not to be kept until `keep`."""
    _tell(endpoint_url, DEPLOYING_PATH)


def keep(endpoint_url: str) -> None:
    """Have it keep its installation as it is now."""
    _tell(endpoint_url, KEEP_PATH)


def forget_messages(endpoint_url: str) -> None:
    """Empty the mailbox and the account of texts."""
    _tell(endpoint_url, FORGET_MESSAGES_PATH)


def _tell(endpoint_url: str, path: str) -> None:
    answer = httpx.post(f"{endpoint_url}{path}", timeout=30, trust_env=False)
    if answer.is_error:
        raise KeepError(f"the AWS emulator refuses {path}: {answer.text}")
