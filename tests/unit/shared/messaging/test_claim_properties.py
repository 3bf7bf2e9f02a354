"""S27: whatever Redis holds as a lease, and however clocks step."""

import re
from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from shared.messaging.claims import ClaimFormat, ClaimState
from tests.fakes.claims import InMemoryClaims
from tests.fakes.clock import ManualClock

NOW_MS = 1_795_000_000_000
RUN_MS = 16 * 60 * 1000
FORMAT = ClaimFormat("test/consumer", b"secret")
values = (
    st.text(max_size=30)
    | st.integers(-(10**30), 10**30).map(lambda deadline: f"l:t:{deadline}")
    | st.integers(-2 * RUN_MS, 2 * RUN_MS).map(lambda ahead: f"l:t:{NOW_MS + ahead}")
    | st.text(max_size=16).map(lambda deadline: f"l:t:{deadline}")
    | st.binary(max_size=16).map(lambda seal: f"d:{seal.hex()}")
)


@given(value=values)
@example(value=f"l:t:{NOW_MS + RUN_MS}")
@example(value=f"l:t:{NOW_MS + RUN_MS + 1}")
@example(value=f"l:t:{NOW_MS}")
@example(value="l:t:\uff11\uff17\uff19\uff15\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff11\uff10")
@example(value="l:t:1795000000010\n")
@example(value="l:t:nan")
def test_a_lease_is_believed_until_its_deadline_and_never_for_longer_than_a_run(value):
    found = FORMAT.read("evt-1", value, NOW_MS)

    kind, _, rest = value.partition(":")
    deadline = rest.rpartition(":")[2]
    written = kind == "l" and re.fullmatch("[0-9]{1,15}", deadline) is not None
    if written and 0 < int(deadline) - NOW_MS <= RUN_MS:
        assert found.state is ClaimState.BUSY
        assert 1 <= found.retry_after <= RUN_MS // 1000
    else:
        assert (found.state, found.retry_after) == (ClaimState.UNKNOWN, 0)


steps = st.lists(
    st.tuples(st.sampled_from(["claim", "release", "complete"]), st.integers(-1200, 1200)),
    max_size=15,
)


@given(steps=steps)
def test_at_most_one_run_holds_a_live_lease_whatever_the_clock_does(steps):
    clock = ManualClock()
    claims = InMemoryClaims(clock)
    held: dict[str, float] = {}
    done = False
    for step, ahead in steps:
        clock._now += timedelta(seconds=ahead)
        now = clock.now().timestamp()
        live = [token for token, until in held.items() if until > now]
        assert len(live) <= 1 or done
        if step == "claim":
            found = claims.claim("evt-1", lease_seconds=60)
            if found.state is ClaimState.CLAIMED:
                assert not live, "a live lease was stolen"
                held = {found.token: now + 60}
            elif live and not done:
                assert found.token == ""
        elif live and step == "release":
            claims.release("evt-1", live[0])
            held = {}
        elif live and step == "complete":
            claims.complete("evt-1", live[0])
            held, done = {}, True
