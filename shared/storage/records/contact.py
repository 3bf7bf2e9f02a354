"""What a correction says of whom an order goes to, for the write that makes it so."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContactCorrection:
    """What a correction says of whom an order goes to.

    Args:
        news: the contact fields that change, by name on the wire; none, if all of it was known.
        named: the contact fields that it names at all, the newest word on each.
        at: when it was written (ISO-8601).
        placed: digests of the request that the order came from.
        is_customers: whether the customer corrects it, who may do so a few times only.
    """

    news: Mapping[str, str]
    named: tuple[str, ...]
    at: str
    placed: Mapping[str, str]
    is_customers: bool
