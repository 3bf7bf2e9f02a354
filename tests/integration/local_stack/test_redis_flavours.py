import os

import pytest
from redis import Redis

from local.stack import ports, processes, redis


@pytest.mark.parametrize("flavour", redis.available(os.environ), ids=lambda flavour: flavour.name)
def test_every_redis_of_this_machine_starts_and_expires_keys(flavour, start):
    port = ports.choose("LOCAL_REDIS_PORT", {})

    server = start("redis", *flavour.command(port))
    processes.wait_until(lambda: redis.answers(port), server, limit=20)

    with Redis(host=ports.LOOPBACK, port=port, socket_timeout=5) as client:
        assert client.set("key", "mine", nx=True, px=60_000)
        assert client.set("key", "yours", nx=True, px=60_000) is None
        assert 0 < client.pttl("key") <= 60_000
