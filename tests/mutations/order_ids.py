"""Planted bugs of order ids that say nothing about payments, and of the old ids beside them. What
they break, the simulation's one version never meets, so their tests alone hold them
(`test_attacks.py`)."""

from tests.mutations.catalog import Mutation

_TWO = "tests/unit/functions/test_two_order_ids.py"
_PROMISE = "An order id says nothing about its payment, and a payment has one order for ever."

ORDER_ID_BUGS = (
    Mutation(
        "S38",
        _PROMISE,
        "shared/kernel/ids.py",
        "mac = hmac.new(self.key, ",
        'mac = hmac.new(b"key", ',
        "every shop has the same key",
        ("tests/unit/shared/kernel/test_ids.py",),
    ),
    Mutation(
        "S38",
        _PROMISE,
        "shared/storage/records/checkout.py",
        'return Check(CHECKOUTS.name, {"orderId": order_id}, when=(Absent(),))',
        'return Check(CHECKOUTS.name, {"orderId": order_id}, when=())',
        "two versions at the same moment make two orders of a payment",
        (f"{_TWO}::test_two_versions_make_one_order_of_a_payment_at_the_same_moment",),
    ),
    Mutation(
        "S38",
        _PROMISE,
        "shared/commerce/old_order_id.py",
        "if any(row is not None for row in other):",
        "if not own:",
        "rows under the old id are not looked at",
        (
            f"{_TWO}::test_two_versions_make_one_order_of_a_payment_in_turn",
            f"{_TWO}::test_an_old_checkout_keeps_its_id_whatever_is_done_to_it",
        ),
    ),
    Mutation(
        "S38",
        _PROMISE,
        "shared/commerce/cart.py",
        "identity=identity_of(self.payload, self.lines, order_id),",
        "",
        "an old request is compared under the salt of the new id",
        (f"{_TWO}::test_an_old_payment_with_another_request_is_refused_by_what_differs",),
    ),
)
