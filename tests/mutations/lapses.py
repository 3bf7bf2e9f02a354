"""Planted bugs of orders that nothing confirms: no simulation waits for one, so their tests alone hold them."""

from tests.mutations.catalog import Mutation

_TESTS = "tests/unit/functions/reconciler/test_unconfirmed_orders.py"
_LAPSES = "An order that nothing confirms lapses, and what comes first wins."
_MONEY = "A lapse asks for no money of a payment that a stranger may have named."

LAPSES = (
    Mutation(
        "S39",
        _LAPSES,
        "functions/orders/domain.py",
        "return _LAPSE.get(status, Verdict.LATE)",
        "return verdict_on(event.event_type, status)",
        "a lapse cancels an order that was confirmed first",
        (f"{_TESTS}::test_a_step_that_comes_first_wins_over_a_lapse_that_is_on_its_way",),
    ),
    Mutation(
        "S39",
        _LAPSES,
        "functions/reconciler/events.py",
        "event_id=lapse_event_id_for(order.order_id),",
        "event_id=lapse_event_id_for(f'{order.order_id}{now}'),",
        "every run cancels under another id",
        (f"{_TESTS}::test_every_run_asks_under_one_id_and_the_order_is_cancelled_once",),
    ),
    Mutation(
        "S39",
        _MONEY,
        "functions/orders/domain.py",
        "return event.payload.cause != UNCONFIRMED or is_vouched(order.trust)",
        "return True",
        "a lapse asks another person's money back",
        (f"{_TESTS}::test_no_money_is_asked_back_of_a_payment_that_a_stranger_may_have_named",),
    ),
    Mutation(
        "S39",
        _MONEY,
        "functions/orders/domain.py",
        '"payment_vouched": payment_vouched(trust)}',
        '"payment_vouched": asked.payment_vouched}',
        "who asks for a refund says who vouched for the payment",
        (f"{_TESTS}::test_no_program_vouches_for_an_open_payment_by_saying_so",),
    ),
)
