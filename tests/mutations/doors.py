"""Planted bugs of who may buy: no simulation looks for them, so their tests alone hold them."""

from tests.mutations.catalog import Mutation

_SIGNED = "tests/unit/functions/checkout/test_signed.py"
_ALLOWANCE = "tests/unit/functions/checkout/test_allowance.py"
_VOUCHED = "Checkouts are taken only with the signature of the shop's server."
_BOUNDED = "An open checkout takes only so much."

DOORS = (
    Mutation(
        "S36",
        _VOUCHED,
        "functions/checkout/api.py",
        "        self._verify(request.headers, request.body)\n",
        "",
        "a checkout is taken whoever signed it",
        (
            f"{_SIGNED}::test_a_request_without_one_of_its_headers_is_refused",
            f"{_SIGNED}::test_a_forged_request_is_refused",
        ),
    ),
    Mutation(
        "S36",
        _VOUCHED,
        "shared/messaging/standard_webhooks.py",
        "if abs(now - int(timestamp)) > TOLERANCE_SECONDS:",
        "if int(timestamp) - now > TOLERANCE_SECONDS:",
        "a signed request is good for ever",
        (f"{_SIGNED}::test_a_stale_request_or_one_from_the_future_is_refused",),
    ),
    Mutation(
        "S36",
        _VOUCHED,
        "functions/commands/domain.py",
        'return self.checkout_trust or "open"',
        'return "signed"',
        "an order of a stranger says that the shop vouched for it",
        (f"{_ALLOWANCE}::test_an_open_checkout_says_so_on_its_order",),
    ),
    Mutation(
        "S37",
        _BOUNDED,
        "shared/storage/records/allowance.py",
        "AtMost(_UNITS, most - units)",
        "AtMost(_UNITS, most)",
        "the last order of an hour may be of any size",
        (f"{_ALLOWANCE}::test_one_caller_orders_so_many_units_an_hour_and_the_next_hour_again",),
    ),
    Mutation(
        "S37",
        _BOUNDED,
        "functions/checkout/allowance.py",
        "return str(ipaddress.ip_network((int(address), _HOUSEHOLD), strict=False))",
        "return str(address)",
        "every address of a household has an allowance of its own",
        (f"{_ALLOWANCE}::test_one_household_of_ipv6_is_one_caller",),
    ),
)
