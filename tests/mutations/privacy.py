"""Planted bugs of a person's erasure: no simulation erases anyone, so their tests alone hold them."""

from tests.mutations.catalog import Mutation

_TESTS = "tests/unit/ops/privacy/test_erase.py"
_EXPORT = "tests/unit/ops/privacy/test_export.py"
_GONE = "What is kept of a person is erased, and nothing brings it back."
_PROMISES = "An erasure breaks no promise, and takes nothing that is on its way."
_THEIRS = "A person is told everything that is theirs, and nothing of another."

PRIVACY = (
    Mutation(
        "S46",
        _PROMISES,
        "shared/commerce/payment_identity.py",
        "return {name: digest for name, digest in known.items() if name not in _TEXTS}",
        "return {}",
        "the erased order does not know its own request any more",
        (f"{_TESTS}::test_a_late_delivery_of_the_command_makes_no_order_and_brings_nothing_back",),
    ),
    Mutation(
        "S46",
        _PROMISES,
        "ops/privacy/service.py",
        "if dry_run or done.in_the_way or not todo:",
        "if dry_run or not todo:",
        "an order that is on its way loses its address",
        (f"{_TESTS}::test_an_order_that_is_on_its_way_stops_the_erasure_until_it_is_there",),
    ),
    Mutation(
        "S46",
        _PROMISES,
        "shared/storage/records/order.py",
        "return Put(ORDERS.name, erased.to_item(), when=as_read)",
        "return Put(ORDERS.name, erased.to_item())",
        "an erasure overwrites what happened to the order meanwhile",
        (
            f"{_TESTS}::test_a_row_that_changes_meanwhile_is_not_overwritten_and_the_next_run_finishes",
        ),
    ),
    Mutation(
        "S46",
        _GONE,
        "functions/orders/events.py",
        "return None if mail is None or order.erased_at else",
        "return None if mail is None else",
        "a customer who was erased is mailed",
        (
            f"{_TESTS}::test_an_order_whose_arrival_was_never_told_can_be_erased_a_month_later_and_is_mailed_no_more",
        ),
    ),
    Mutation(
        "S46",
        _GONE,
        "functions/orders/domain.py",
        "at <= order.tracking_at or order.erased_at:",
        "at <= order.tracking_at:",
        "a parcel's new number is kept of a customer who was erased",
        (f"{_TESTS}::test_new_tracking_of_an_erased_order_is_not_kept",),
    ),
    Mutation(
        "S46",
        _GONE,
        "ops/privacy/nameless.py",
        '_SUPPRESSION = ("id", "state", "reason", "updatedAt")',
        '_SUPPRESSION = ("id", "to", "state", "reason", "updatedAt")',
        "the suppression list keeps the address itself",
        (
            f"{_TESTS}::test_nothing_of_the_person_is_left_in_any_table_and_the_audit_is_green",
            f"{_TESTS}::test_a_complaint_outlives_its_owners_data",
        ),
    ),
    Mutation(
        "S46",
        _THEIRS,
        "ops/privacy/person.py",
        "            return self.person.has_address(values)\n",
        "            return self.person.has_address(values) or self.person.is_user(values)\n",
        "a user who is called like a word of ours takes others with them",
        (
            f"{_TESTS}::test_who_calls_themselves_or_their_payment_a_word_of_ours_takes_no_other_with_them",
        ),
    ),
    Mutation(
        "S46",
        _PROMISES,
        "ops/privacy/obstacles.py",
        "        if not is_done(record):\n",
        "        if record is None:\n",
        "what a dead worker left to be published brings an erased person back",
        (f"{_TESTS}::test_a_decision_whose_events_were_not_all_published_stops_the_erasure",),
    ),
    Mutation(
        "S46",
        _THEIRS,
        "ops/privacy/export.py",
        'if found.subject.is_about(body.get("payload")):',
        "if body:",
        "events about others are handed out",
        (f"{_EXPORT}::test_no_other_person_is_in_it_and_no_operator",),
    ),
)
