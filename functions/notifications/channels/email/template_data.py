"""What each template needs to know: the fields it shows, and what may stand in them.

Data comes from every program that may publish. A field that is missing, null or of another kind
is refused by its name before anything is rendered. Fields that a template does not show are ignored.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.contracts.envelope import OR_NONE, WireModel, is_https, plain, validated
from shared.kernel.errors import InvalidInputError
from shared.kernel.legible import legible
from shared.kernel.money import CENT, MAX_AMOUNT
from shared.kernel.unlinked import holds_link, shortened, unlinked

_WHERE = "payload.templateData"
# Characters of it that a mail repeats: longer than people and products are called.
_MOST_OF_A_NAME = 80
_MOST_OF_A_PRODUCT = 120
# A number this near to one with three decimals means that one: the sender added binary floats.
_NOISE = Decimal("0.000001")
_AMOUNT_RULE = f"must be a number from -{MAX_AMOUNT} to {MAX_AMOUNT}"


def cents(number: Decimal) -> Decimal:
    """An amount as it is shown: whole cents, half a cent up, and never minus zero."""
    exact = number.quantize(_NOISE, ROUND_HALF_UP).quantize(CENT, ROUND_HALF_UP)
    return exact or abs(exact)


def _shown(value: object) -> object:
    return legible(value).strip() if isinstance(value, str) else value


def _repeated(value: object) -> object:
    """Words of a stranger: no link, and no longer than a name is (S41)."""
    shown = _shown(value)
    return shortened(unlinked(shown), _MOST_OF_A_NAME) if isinstance(shown, str) else shown


def _named(value: object) -> object:
    """A product's name. The catalogue's may well hold a dot; no program's is an address."""
    shown = _or_nothing(value)
    if not isinstance(shown, str):
        return shown
    return shortened(unlinked(shown) if holds_link(shown) else shown, _MOST_OF_A_PRODUCT)


def _or_nothing(value: object) -> object:
    shown = _shown(value)
    return None if shown == "" else shown


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise ValueError(_AMOUNT_RULE)  # noqa: TRY004 - pydantic turns ValueError into a field error
    number = Decimal(value)
    if not number.is_finite() or abs(number) > MAX_AMOUNT:
        raise ValueError(_AMOUNT_RULE)
    return cents(number)


def _link(value: object) -> object:
    if not is_https(value):
        raise ValueError("must be an https address")
    return value


Shown = Annotated[str, BeforeValidator(_shown)]
Repeated = Annotated[str, BeforeValidator(_repeated)]
ProductName = Annotated[str | None, BeforeValidator(_named)]
Word = Annotated[Shown, Field(min_length=1)]
MaybeShown = Annotated[str | None, BeforeValidator(_or_nothing)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Link = Annotated[str, BeforeValidator(_link)]


class Line(WireModel):
    """A line of an order; a product without a name is shown by its id."""

    product_id: MaybeShown = None
    product_name: ProductName = None
    variation_id: MaybeShown = None
    quantity: Annotated[int, Field(ge=1)]
    price: Amount

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if self.product_id is None and self.product_name is None:
            raise ValueError("must have a productName or a productId")
        return self


class AboutOrder(WireModel):
    """What every mail about an order says. A customer without a name is greeted without one."""

    order_id: Word
    customer_name: Repeated
    items: list[Line]
    total_amount: Amount


class OrderRejected(AboutOrder):
    """Why there is no order."""

    reason: Repeated


class OrderShipped(AboutOrder):
    """How to follow the parcel, as far as the carrier says."""

    carrier: ProductName = None
    tracking_number: ProductName = None
    tracking_url: Link | None = None


class OrderCancelled(AboutOrder):
    """That it lapsed, where it did, and that no money is asked back, where none is.

    Any other value counts as left out: programs that knew neither field may use the names.
    """

    cause: Annotated[Literal["unconfirmed"] | None, OR_NONE] = None
    refund: Annotated[Literal["none"] | None, OR_NONE] = None


class LowStock(WireModel):
    """Which product runs low."""

    product_name: Word
    sku: Word
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
