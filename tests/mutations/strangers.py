"""Planted bugs that only a story with strangers, or with orders that lapse, shows."""

from tests.mutations.catalog import MUTATIONS, Mutation

_PROMISES = {mutation.invariant: mutation.promise for mutation in reversed(MUTATIONS)}
_LAPSES = "tests/unit/functions/reconciler/test_unconfirmed_orders.py"
_SIGNED = "tests/unit/functions/checkout/test_signed.py"

STRANGERS = (
    Mutation(
        "I20",
        _PROMISES["I20"],
        "functions/orders/domain.py",
        "return _LAPSE.get(status, Verdict.LATE)",
        "return verdict_on(event.event_type, status)",
        "a lapse cancels an order that was confirmed first",
        (f"{_LAPSES}::test_a_step_that_comes_first_wins_over_a_lapse_that_is_on_its_way",),
        strangers=True,
    ),
    Mutation(
        "I21",
        _PROMISES["I21"],
        "functions/orders/domain.py",
        "return event.payload.cause != UNCONFIRMED or is_vouched(order.trust)",
        "return True",
        "a lapse asks back the payment that a stranger named",
        (f"{_LAPSES}::test_no_money_is_asked_back_of_a_payment_that_a_stranger_may_have_named",),
        strangers=True,
    ),
    Mutation(
        "I26",
        _PROMISES["I26"],
        "functions/checkout/api.py",
        "self._verify(request.headers, request.body)",
        "pass",
        "a checkout needs no signature",
        (f"{_SIGNED}::test_another_body_under_a_good_signature_is_refused",),
        strangers=True,
    ),
    Mutation(
        "I26",
        _PROMISES["I26"],
        "shared/messaging/standard_webhooks.py",
        "if abs(now - int(timestamp)) > TOLERANCE_SECONDS:",
        "if abs(now - int(timestamp)) > 4 * TOLERANCE_SECONDS:",
        "a signed checkout that was recorded is good for twenty minutes",
        (f"{_SIGNED}::test_a_stale_request_or_one_from_the_future_is_refused",),
        strangers=True,
    ),
)
