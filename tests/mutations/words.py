"""Planted bugs of what mails say and whom they flood: their tests alone hold them."""

from tests.mutations.catalog import Mutation

_DATA = "tests/unit/functions/notifications/channels/email/test_template_data.py"
_CAPS = "tests/unit/functions/notifications/test_caps.py"
_INPUT = "tests/unit/functions/checkout/test_bad_input.py"
_ALERTS = "tests/unit/functions/inventory/test_alerts.py"
_TRUE = "test_an_alert_tells_what_the_row_says_now_and_not_what_the_event_claims"
_REPEATED = "Mails of ours repeat no stranger's links."
_BUDGETS = "Strangers neither flood a mailbox nor use up its budget."

WORDS = (
    Mutation(
        "S41",
        _REPEATED,
        "shared/kernel/unlinked.py",
        '    return _DOMAIN.sub(lambda dot: f"{dot[0]} ", apart)',
        "    return apart",
        "a domain in a name stays a domain",
        (f"{_DATA}::test_no_link_and_nothing_invisible_of_a_stranger_is_repeated",),
    ),
    Mutation(
        "S41",
        _REPEATED,
        "functions/commands/events.py",
        '            update={"product_name": stock[line.sku].title if line.sku in stock else None}',
        '            update={"product_name": line.product_name}',
        "a rejection calls products what the cart calls them",
        (f"{_INPUT}::test_a_rejected_cart_is_told_in_the_catalogues_words",),
    ),
    Mutation(
        "S41",
        _REPEATED,
        "functions/inventory/service.py",
        "emits=[alert_mail_of(known, alert_address)",
        "emits=[alert_mail_of(payload, alert_address)",
        "an alert tells what its event claims",
        (f"{_ALERTS}::{_TRUE}",),
    ),
    Mutation(
        "S42",
        _BUDGETS,
        "functions/notifications/domain.py",
        "        case Cause.OPEN:\n",
        "        case Cause.OPEN if not kind:\n",
        "carts that are not paid use up the budget of real ones",
        (
            f"{_CAPS}::test_twenty_unpaid_carts_neither_flood_a_mailbox_nor_use_up_a_real_confirmation",
        ),
    ),
    Mutation(
        "S41",
        _REPEATED,
        "functions/inventory/service.py",
        "    if not is_worth_telling(row):\n",
        "    if row is None:\n",
        "an event has the shop mailed that a full shelf runs low",
        (f"{_ALERTS}::test_whether_a_product_runs_low_is_what_its_row_says",),
    ),
    Mutation(
        "S42",
        _BUDGETS,
        "functions/notifications/domain.py",
        'return {f"program:{kind}": most, _TOTAL: 2 * most}',
        "return {kind: most, _TOTAL: 2 * most}",
        "a program in a loop uses up the confirmations",
        (f"{_CAPS}::test_another_program_s_mails_do_not_use_up_those_of_orders",),
    ),
    Mutation(
        "S42",
        _BUDGETS,
        "functions/notifications/domain.py",
        "return {kind: most, _TOTAL: 3 * most}",
        "return {kind: most}",
        "all templates together flood one mailbox",
        (f"{_CAPS}::test_all_that_is_told_of_orders_leaves_room_for_the_confirmations",),
    ),
    Mutation(
        "S42",
        _BUDGETS,
        "functions/notifications/channels/email/mail.py",
        "return mailbox_of(self.to)",
        "return self.to",
        "each tag of an address has a budget of its own",
        (f"{_CAPS}::test_another_spelling_of_a_mailbox_has_no_budget_of_its_own",),
    ),
)
