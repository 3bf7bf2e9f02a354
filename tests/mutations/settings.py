"""Planted bugs of a stage's settings: no simulation starts with a wrong one."""

from tests.mutations.catalog import Mutation

_ADDRESSES = "tests/unit/shared/kernel/test_addresses.py"

SETTINGS = (
    Mutation(
        "S13",
        "A configured address is a host, perhaps a port and a path.",
        "shared/kernel/addresses.py",
        'if parts.scheme not in {"http", "https"} or place is None or odd:',
        'if parts.scheme not in {"http", "https"} or not parts.hostname or odd:',
        "a user in an address makes another host of it than a reader sees",
        (f"{_ADDRESSES}::test_what_is_no_plain_address_is_refused_by_the_setting_s_name",),
    ),
    Mutation(
        "S7",
        "The refusal of a setting never shows its value.",
        "shared/kernel/addresses.py",
        "        raise ValueError(rule) from None",
        "        raise ValueError(text) from None",
        "the password of Redis stands in the error of a start",
        (f"{_ADDRESSES}::test_what_is_no_address_of_a_redis_is_refused_and_not_shown",),
    ),
)
