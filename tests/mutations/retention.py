"""Planted bugs of copies that have a time: no simulation waits for a month, so their tests alone hold
them."""

from tests.mutations.catalog import Mutation

_TESTS = "tests/unit/functions/reconciler/test_retention.py"
_GOES = "What is done loses its copy of personal data when its time is over."
_STAYS = "What is not done keeps its copy, and a payment has one order for ever."

RETENTION = (
    Mutation(
        "S44",
        _GOES,
        "shared/storage/records/retention.py",
        'remove=("command", "userId", "decidedShard"),',
        'remove=("command", "decidedShard"),',
        "an old checkout still says whose it was",
        (f"{_TESTS}::test_a_decided_checkout_loses_its_copy_on_the_day_and_not_before",),
    ),
    Mutation(
        "S44",
        _GOES,
        "shared/commerce/payment_identity.py",
        "for name, digest in known.items() if name not in CONTACT}",
        "for name, digest in known.items()}",
        "whoever guesses an address finds it confirmed in an old checkout",
        (f"{_TESTS}::test_a_decided_checkout_loses_its_copy_on_the_day_and_not_before",),
    ),
    Mutation(
        "S44",
        _STAYS,
        "functions/reconciler/retention_store.py",
        'if row.status not in {"confirmed", "rejected"} or (row.decided_at or "~") > before:',
        'if (row.decided_at or "~") > before:',
        "a checkout that is still owed an answer loses its command",
        (f"{_TESTS}::test_what_is_decided_between_reading_and_removing_keeps_its_copy",),
    ),
    Mutation(
        "S44",
        _STAYS,
        "shared/messaging/dead_letters/redaction.py",
        "kept = _ids(payload, (*_ORDER, *_LINE))",
        "kept: dict[str, Any] = {}",
        "what a discarded event was about is forgotten, and the audit misses what it would have done",
        (f"{_TESTS}::test_a_discarded_dead_letter_keeps_that_it_was_and_what_it_was_about",),
    ),
    Mutation(
        "S44",
        _STAYS,
        "shared/storage/records/dead_letter.py",
        'changes["originalEvent"] = failed.original',
        "pass",
        "an event that fails again after it was discarded has lost its content",
        (f"{_TESTS}::test_a_discarded_event_that_fails_anew_is_whole_again",),
    ),
)
