"""Planted bugs of leases that nothing of ours gave: no simulation writes such a one."""

from tests.mutations.catalog import Mutation

_CLAIMS = "tests/unit/shared/messaging/test_claims.py"
_SENDING = "tests/unit/functions/notifications/test_send_once.py"
_LEDGER = "tests/unit/functions/notifications/test_lease_properties.py"
_BOUNDED = "A lease that is longer than any run counts as lapsed."

LEASES = (
    Mutation(
        "S27",
        _BOUNDED,
        "shared/messaging/claims.py",
        "if not 0 < left <= _LONGEST_LEASE_MS:",
        "if not 0 < left:",
        "a forged lease in Redis holds an event back for years",
        (f"{_CLAIMS}::test_lease_longer_than_any_invocation_was_not_written_by_us",),
    ),
    Mutation(
        "S27",
        _BOUNDED,
        "functions/notifications/send_once.py",
        "if 0 < left <= _LONGEST_CLAIM_SECONDS:",
        "if left > 0:",
        "a claim of a clock that went wrong holds a message back for years",
        (f"{_SENDING}::test_a_claim_longer_than_any_run_counts_as_lapsed",),
    ),
    Mutation(
        "S27",
        _BOUNDED,
        "functions/notifications/send_ledger.py",
        "    if left > _LONGEST_WAIT_SECONDS:",
        "    if math.isinf(left):",
        "a row that is put off for years asks QStash to wait for years",
        (
            f"{_LEDGER}::test_a_row_that_waits_for_any_moment_is_put_off_by_little_more_than_an_hour",
        ),
    ),
    Mutation(
        "S27",
        _BOUNDED,
        "functions/notifications/send_ledger.py",
        'moment = float(str(item.get("expiresAt")))',
        'moment = float(str(item["expiresAt"]))',
        "a claim without a moment is answered as a bug, and its message is stuck",
        (f"{_LEDGER}::test_a_live_claim_is_not_stolen_and_none_is_believed_for_longer_than_a_run",),
    ),
)
