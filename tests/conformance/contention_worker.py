"""One of several processes that all want the same events: ``python -m …contention_worker URL PREFIX COUNT LOSSY``.

Counts in Redis how often each event was worked on. With LOSSY, replies to claims get lost on the
way now and then, so that the client sends them again.
"""

import secrets
import sys
import time

from shared.adapters.redis_claims import RedisClaims
from shared.kernel.clock import SystemClock
from shared.messaging.claims import ClaimFormat, ClaimState
from shared.runtime import clients
from tests.conformance.redis_proxy import RedisProxy

WORK_SECONDS = 0.001
LEASE_SECONDS = 60.0
_LIMIT = 30.0


def work_off(url: str, prefix: str, count: int, *, lossy: bool) -> int:
    """Ask for every event until it is done; how many were worked on here."""
    proxy = RedisProxy(int(url.rpartition(":")[2].partition("/")[0]))
    direct, client = clients.redis(url), clients.redis(proxy.url)
    claims = RedisClaims(
        client,
        ClaimFormat("test/contention", b"secret"),
        SystemClock(),
        new_token=lambda: secrets.token_hex(8),
    )
    left, worked, asked = [f"{prefix}-{n}" for n in range(count)], 0, 0
    deadline = time.monotonic() + _LIMIT
    while left and time.monotonic() < deadline:
        for event in list(left):
            asked += 1
            proxy.lose = int(lossy and asked % 5 == 0)
            claim = claims.claim(event, lease_seconds=LEASE_SECONDS)
            if claim.state is ClaimState.CLAIMED:
                direct.incr(f"runs:{event}")
                time.sleep(WORK_SECONDS)
                claims.complete(event, claim.token)
                worked += 1
            elif claim.state is ClaimState.DONE:
                left.remove(event)
    client.close()
    direct.close()
    proxy.close()
    return worked if not left else -len(left)


if __name__ == "__main__":
    print(work_off(sys.argv[1], sys.argv[2], int(sys.argv[3]), lossy=sys.argv[4] == "1"))
