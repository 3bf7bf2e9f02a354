"""What each template needs to know: the fields it shows, and what may stand in them.

Data comes from every program that may publish. A field that is missing, null or of another kind
is refused by its name before anything is rendered. Fields that a template does not show are ignored.

All text is taken for a stranger's, for nothing in an event proves whose it is: it is shown without
links and without what cannot be seen, and cut where it is longer than such a text is (S41).
"""

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.contracts.envelope import OR_NONE, WireModel, is_https, plain, validated
from shared.kernel.errors import InvalidInputError
from shared.kernel.legible import legible
from shared.kernel.money import CENT, MAX_AMOUNT
from shared.kernel.unlinked import shortened, unlinked

_WHERE = "payload.templateData"
# Characters of it that a mail repeats: longer than people and products are called, and as long as
# an id or a SKU can be.
_MOST_OF_A_NAME = 80
_MOST_OF_A_PRODUCT = 120
_MOST_OF_AN_ID = 257
# A number this near to one with three decimals means that one: the sender added binary floats.
_NOISE = Decimal("0.000001")
# A host that is a domain by its name: no port, no numeric address, no name of the reader's own network.
_NAMED = re.compile(
    r"https://(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9])(?:/|$)"
)
_AMOUNT_RULE = f"must be a number from -{MAX_AMOUNT} to {MAX_AMOUNT}"


def cents(number: Decimal) -> Decimal:
    """An amount as it is shown: whole cents, half a cent up, and never minus zero."""
    exact = number.quantize(_NOISE, ROUND_HALF_UP).quantize(CENT, ROUND_HALF_UP)
    return exact or abs(exact)


def _words(most: int) -> BeforeValidator:
    """Text as a mail repeats it; what is no text is left to the type."""
    return BeforeValidator(_repeated(most))


def _or_none(most: int) -> BeforeValidator:
    """The same; without anything to see it counts as left out."""
    repeated = _repeated(most)

    def unless_empty(value: object) -> object:
        shown = repeated(value)
        return None if shown == "" else shown

    return BeforeValidator(unless_empty)


def _repeated(most: int) -> Callable[[object], object]:
    def repeated(value: object) -> object:
        if not isinstance(value, str):
            return value
        return shortened(unlinked(legible(value).strip()), most)

    return repeated


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise ValueError(_AMOUNT_RULE)  # noqa: TRY004 - pydantic turns ValueError into a field error
    number = Decimal(value)
    if not number.is_finite() or abs(number) > MAX_AMOUNT:
        raise ValueError(_AMOUNT_RULE)
    return cents(number)


def _link(value: object) -> object:
    """An address that a mail may lead to. Any other is left out: the rest of the mail counts more."""
    if value is None:
        return None
    if not is_https(value):
        raise ValueError("must be an https address")
    return value if _NAMED.match(value) else None


Name = Annotated[str, _words(_MOST_OF_A_NAME)]
ProductName = Annotated[str, _words(_MOST_OF_A_PRODUCT), Field(min_length=1)]
ShownId = Annotated[str, _words(_MOST_OF_AN_ID), Field(min_length=1)]
MaybeName = Annotated[str | None, _or_none(_MOST_OF_A_PRODUCT)]
MaybeId = Annotated[str | None, _or_none(_MOST_OF_AN_ID)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
MaybeLink = Annotated[str | None, BeforeValidator(_link)]


class Line(WireModel):
    """A line of an order; a product without a name is shown by its id."""

    product_id: MaybeId = None
    product_name: MaybeName = None
    variation_id: MaybeId = None
    quantity: Annotated[int, Field(ge=1)]
    price: Amount

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if self.product_id is None and self.product_name is None:
            raise ValueError("must have a productName or a productId")
        return self


class AboutOrder(WireModel):
    """What every mail about an order says. A customer without a name is greeted without one."""

    order_id: ShownId
    customer_name: Name
    items: list[Line]
    total_amount: Amount


class OrderRejected(AboutOrder):
    """Why there is no order."""

    reason: Name


class OrderShipped(AboutOrder):
    """How to follow the parcel, as far as the carrier says."""

    carrier: MaybeName = None
    tracking_number: MaybeName = None
    tracking_url: MaybeLink = None


class OrderCancelled(AboutOrder):
    """That it lapsed, where it did, and that no money is asked back, where none is.

    Any other value counts as left out: programs that knew neither field may use the names.
    """

    cause: Annotated[Literal["unconfirmed"] | None, OR_NONE] = None
    refund: Annotated[Literal["none"] | None, OR_NONE] = None


class OrderCorrected(AboutOrder):
    """Which of the contact data changed. A mail that a correction causes repeats none of it but the
    name: the new mailbox may be a stranger's (S41)."""

    name_changed: bool
    email_changed: bool
    address_changed: bool


class OrderCorrectedNotice(WireModel):
    """That an order has other contact data, told to the mailbox that counted before (S40)."""

    order_id: ShownId
    customer_name: Name


class LowStock(WireModel):
    """Which product runs low."""

    product_name: ProductName
    sku: ShownId
    current_stock: int
    threshold: int


# A template that is not here does not exist: no name that arrives in an event ever reaches the
# file system.
TEMPLATES: Mapping[str, type[WireModel]] = {
    "order-confirmation": AboutOrder,
    "order-rejected": OrderRejected,
    "order-confirmed": AboutOrder,
    "order-shipped": OrderShipped,
    "order-delivered": AboutOrder,
    "order-cancelled": OrderCancelled,
    "order-corrected": OrderCorrected,
    "order-corrected-notice": OrderCorrectedNotice,
    "low-stock-alert": LowStock,
}


def checked(template_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows of the data, legible; optional fields that are null are left out.

    Raises:
        InvalidInputError: no such template, or a field of it is missing or of another kind.
    """
    model = TEMPLATES.get(template_id)
    if model is None:
        known = ", ".join(sorted(TEMPLATES))
        raise InvalidInputError("payload.templateId", f"must be one of {known}")
    try:
        return plain(validated(model, data))
    except InvalidInputError as error:
        found = [(error.field, error.rule), *error.others]
        named = [(f"{_WHERE}.{field}", rule) for field, rule in found]
        raise InvalidInputError(*named[0], others=tuple(named[1:])) from None
