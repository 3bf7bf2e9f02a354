import os
import socket

import pytest
from redis import Redis

from local.stack import ports, processes, redis
from shared.adapters.redis_claims import RedisClaims
from shared.kernel.clock import SystemClock
from shared.messaging.claims import ClaimFormat, ClaimState

FLAVOURS = pytest.mark.parametrize(
    "flavour", redis.available(os.environ), ids=lambda flavour: flavour.name
)


@FLAVOURS
def test_every_redis_of_this_machine_starts_and_expires_keys(flavour, start):
    port = ports.choose("LOCAL_REDIS_PORT", {})

    server = start("redis", *flavour.command(port))
    processes.wait_until(lambda: redis.answers(port), server, limit=20)

    with Redis(host=ports.LOOPBACK, port=port, socket_timeout=5) as client:
        assert client.set("key", "mine", nx=True, px=60_000)
        assert client.set("key", "yours", nx=True, px=60_000) is None
        assert 0 < client.pttl("key") <= 60_000


@FLAVOURS
def test_every_redis_of_this_machine_runs_the_scripts_of_the_claims(flavour, start):
    """The fast path is real everywhere, not only where a Redis server happens to be installed."""
    port = ports.choose("LOCAL_REDIS_PORT", {})
    server = start("redis", *flavour.command(port))
    processes.wait_until(lambda: redis.answers(port), server, limit=20)
    tokens = iter("abcd")

    with Redis(host=ports.LOOPBACK, port=port, socket_timeout=5) as client:
        claims = RedisClaims(
            client, ClaimFormat("test/c", b"secret"), SystemClock(), new_token=lambda: next(tokens)
        )
        mine = claims.claim("evt-1", lease_seconds=30)
        theirs = claims.claim("evt-1", lease_seconds=30)
        claims.complete("evt-1", str(mine.token))
        after = claims.claim("evt-1", lease_seconds=30)

    assert (mine.state, theirs.state) == (ClaimState.CLAIMED, ClaimState.BUSY)
    assert after.state is ClaimState.DONE


@FLAVOURS
@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "OPTIONS"])
def test_what_a_web_page_can_send_to_this_port_is_no_command(flavour, start, method):
    port = ports.choose("LOCAL_REDIS_PORT", {})
    server = start("redis", *flavour.command(port))
    processes.wait_until(lambda: redis.answers(port), server, limit=20)
    body = b"\r\n*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$4\r\nevil\r\nSET key evil\r\n"
    head = f"{method} / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: null\r\n"

    with socket.create_connection((ports.LOOPBACK, port), timeout=5) as page:
        page.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        page.settimeout(5)
        try:
            while page.recv(4096):
                pass
        except ConnectionResetError:
            pass  # hung up before it had read everything

    with Redis(host=ports.LOOPBACK, port=port, socket_timeout=5) as client:
        assert client.get("key") is None
