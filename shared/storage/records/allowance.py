"""Allowance rows: how many units one caller of an open storefront ordered within an hour (S37)."""

from shared.storage.schema import ALLOWANCES
from shared.storage.writes import AnyOf, AtMost, Missing, Update

_UNITS = "units"


def spend(name: str, units: int, *, most: int, expires: int) -> Update:
    """So many more units, if that is not above the most of the hour.

    Args:
        name: the caller and the hour.
        units: at least 1, and at most ``most``: a first order is not looked at again.
        expires: seconds since 1970 after which the row may go.
    """
    return Update(
        ALLOWANCES.name,
        {"id": name},
        set={"ttl": expires},
        add={_UNITS: units},
        when=(AnyOf((Missing(_UNITS), AtMost(_UNITS, most - units))),),
    )
