"""How claims are spelled in Redis, and what is believed of what is found there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.claims import KEY, ClaimFormat, ClaimState

NOW = 1_772_366_400_000
FORMAT = ClaimFormat("test/commands", b"secret")


def test_key_is_the_one_of_the_contract():
    assert KEY.format(event_id="evt-1") == "webhook:dedup:evt-1"


def test_lease_is_busy_until_its_deadline_and_says_for_how_long():
    value = FORMAT.lease("t1", NOW + 2_500)

    claim = FORMAT.read("evt-1", value, NOW)
    assert (claim.state, claim.retry_after, claim.token) == (ClaimState.BUSY, 3, "")
    assert FORMAT.read("evt-1", value, NOW + 2_499).retry_after == 1
    assert FORMAT.read("evt-1", value, NOW + 2_500).state is ClaimState.UNKNOWN


def test_lease_longer_than_any_invocation_was_not_written_by_us():
    sixteen_minutes = 16 * 60 * 1000

    assert FORMAT.read("e", FORMAT.lease("t", NOW + sixteen_minutes), NOW).state is ClaimState.BUSY
    assert (
        FORMAT.read("e", FORMAT.lease("t", NOW + sixteen_minutes + 1), NOW).state
        is ClaimState.UNKNOWN
    )


def test_done_is_believed_only_for_its_event_scope_and_secret():
    value = FORMAT.done("evt-1")

    assert FORMAT.read("evt-1", value, NOW).state is ClaimState.DONE
    assert FORMAT.read("evt-2", value, NOW).state is ClaimState.UNKNOWN
    for other in (
        ClaimFormat("test/orders", b"secret"),
        ClaimFormat("prod/commands", b"secret"),
        ClaimFormat("test/commands", b"rotated"),
    ):
        assert other.read("evt-1", value, NOW).state is ClaimState.UNKNOWN


def test_done_is_believed_only_for_the_content_that_it_was_written_for():
    value = FORMAT.done("evt-1", "content")

    assert FORMAT.read("evt-1", value, NOW, "content").state is ClaimState.DONE
    for other in ("", "conten", "content2"):
        assert FORMAT.read("evt-1", value, NOW, other).state is ClaimState.UNKNOWN
    assert FORMAT.read("evt-2", value, NOW, "content").state is ClaimState.UNKNOWN


def test_event_and_content_cannot_run_together():
    assert FORMAT.done("a", "bc") != FORMAT.done("ab", "c")


def test_scope_and_event_cannot_run_together():
    assert ClaimFormat("a", b"s").done("bc") != ClaimFormat("ab", b"s").done("c")


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error_and_never_as_done(value):
    assert FORMAT.read("evt-1", value, NOW).state is not ClaimState.DONE


@given(st.from_regex(r"\A[ld]:[a-f0-9:]{0,40}\Z"), st.integers(0, 2 * NOW))
def test_values_that_look_like_ours_never_read_as_done(value, now):
    assert FORMAT.read("evt-1", value, now).state in {ClaimState.UNKNOWN, ClaimState.BUSY}


@pytest.mark.parametrize("flipped", range(2, 34))
def test_every_digit_of_the_seal_counts(flipped):
    value = FORMAT.done("evt-1")
    other = "0" if value[flipped] != "0" else "1"

    changed = value[:flipped] + other + value[flipped + 1 :]

    assert FORMAT.read("evt-1", changed, NOW).state is ClaimState.UNKNOWN


def test_secret_does_not_show_in_text():
    assert "secret" not in f"{FORMAT} {FORMAT!r} {FORMAT.done('evt-1')}"
