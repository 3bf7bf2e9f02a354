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
        "S13",
        "A configured address is a host, perhaps a port and a path.",
        "shared/kernel/addresses.py",
        'return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, "", ""))',
        "return text",
        "an address that is spelled in capitals is another one than QStash signs",
        (f"{_ADDRESSES}::test_an_address_has_one_spelling",),
    ),
    Mutation(
        "S7",
        "A key is a secret of real length.",
        "shared/kernel/settings.py",
        "    if len(text) < MIN_KEY_CHARACTERS or any(word in text.lower() for word in _PLACEHOLDERS):",
        "    if any(word in text.lower() for word in _PLACEHOLDERS):",
        "a function starts with a key that can be guessed",
        ("tests/unit/shared/kernel/test_settings.py::test_short_key_or_placeholder_is_refused",),
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
