"""How much one caller of an open storefront may order: in one order, and within an hour (S37).

Where no server of the shop vouches for a payment, an order costs its sender nothing. So a stranger
could take every unit of everything. What remains is to bound it.
"""

import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.commerce.cart import Cart
from shared.kernel.errors import AllowanceUsedError, InvalidInputError
from shared.storage.records.allowance import spend
from shared.storage.writes import Update

_HOUR = 3600
# The addresses that one household or one machine gets of IPv6.
_HOUSEHOLD = 64


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of a stage.

    Args:
        per_order: most units of one order.
        per_hour: most units that one network address orders within an hour of the clock.
        secret: so that the rows do not show who ordered.
    """

    per_order: int
    per_hour: int
    secret: bytes

    def __repr__(self) -> str:
        """Never the secret."""
        return f"Allowance({self.per_order}, {self.per_hour})"

    def check(self, cart: Cart) -> None:
        """Whether a cart is small enough.

        Raises:
            InvalidInputError: more units than one order may have.
        """
        if _units(cart) > min(self.per_order, self.per_hour):
            most = min(self.per_order, self.per_hour)
            raise InvalidInputError("items", f"must be at most {most} units in all")

    def spend(self, caller: str, cart: Cart, now: datetime) -> Update:
        """The write that books the cart's units, and fails when they are too many.

        Args:
            caller: the network address that the API saw.
        """
        start = now.replace(minute=0, second=0, microsecond=0)
        digest = hmac.digest(self.secret, network_of(caller).encode(), "sha256").hex()[:32]
        expires = int((start + timedelta(hours=2)).timestamp())
        name = f"{digest}#{start:%Y-%m-%dT%H}"
        return spend(name, _units(cart), most=self.per_hour, expires=expires)

    def used(self, now: datetime) -> AllowanceUsedError:
        """The refusal of a caller who ordered enough within this hour."""
        seconds = _HOUR - (now.minute * 60 + now.second)
        rule = f"items: one address may order at most {self.per_hour} units within an hour"
        return AllowanceUsedError(rule, retry_after=seconds)


def network_of(caller: str) -> str:
    """Who counts as one caller: an IPv4 address, or the /64 of an IPv6 address.

    All callers without a readable address share one allowance.
    """
    try:
        address = ipaddress.ip_address(caller)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), _HOUSEHOLD), strict=False))
    return str(address)


def _units(cart: Cart) -> int:
    return sum(line.quantity for line in cart.lines)
