"""Mail templates: files beside this module, HTML escaped, every variable required."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError

from shared.envelope import is_https
from shared.errors import InvalidInputError
from shared.money import balance

# Which variables each template needs. A template that is not here does not exist: no name that
# arrives in an event ever reaches the file system.
TEMPLATES: Mapping[str, frozenset[str]] = {
    "order-confirmation": frozenset({"orderId", "customerName", "items", "totalAmount"}),
    "order-rejected": frozenset({"orderId", "customerName", "items", "totalAmount", "reason"}),
    "order-confirmed": frozenset({"orderId", "customerName", "items", "totalAmount"}),
    "order-shipped": frozenset({"orderId", "customerName", "items", "totalAmount"}),
    "order-delivered": frozenset({"orderId", "customerName", "items", "totalAmount"}),
    "order-cancelled": frozenset({"orderId", "customerName", "items", "totalAmount"}),
    "low-stock-alert": frozenset({"productName", "sku", "currentStock", "threshold"}),
}


class JinjaRenderer:
    """Renders the templates of this function.

    Args:
        shop_name: how the shop calls itself in mails.
        currency: printed behind amounts.
    """

    def __init__(self, *, shop_name: str, currency: str) -> None:
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        self._environment = Environment(
            loader=loader,
            # By file name: HTML is escaped, the text part must not be (S16).
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),  # noqa: S701
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.globals["shop"] = shop_name
        self._environment.filters["https"] = https_address
        self._environment.filters["money"] = partial(money, currency=currency)

    def render(self, template_id: str, data: Mapping[str, Any]) -> tuple[str, str]:
        """HTML and text.

        Raises:
            InvalidInputError: no such template, or a variable that it needs is missing.
        """
        needed = TEMPLATES.get(template_id)
        if needed is None:
            known = ", ".join(sorted(TEMPLATES))
            raise InvalidInputError("payload.templateId", f"must be one of {known}")
        missing = [
            (f"payload.templateData.{name}", f"is required by template {template_id}")
            for name in sorted(needed - data.keys())
        ]
        if missing:
            raise InvalidInputError(*missing[0], others=tuple(missing[1:]))
        try:
            html, text = (
                self._environment.get_template(f"{template_id}.{form}.j2").render(data=data)
                for form in ("html", "txt")
            )
        except (UndefinedError, TypeError) as error:
            rule = f"does not fit template {template_id}: {error}"
            raise InvalidInputError("payload.templateData", rule) from error
        return html, text


def https_address(value: object) -> str:
    """An address that may stand behind a link.

    Raises:
        InvalidInputError: any other scheme, or no address at all (S16).
    """
    if not is_https(value):
        raise InvalidInputError("payload.templateData", "links must be https addresses")
    return value


def money(amount: object, name: str, *, currency: str) -> str:
    """An amount for people: two decimals and the currency.

    Args:
        name: where in the template's data it stands, for the refusal.

    Raises:
        InvalidInputError: it is no amount; nothing is rounded to look like one.
    """
    try:
        return f"{balance(amount):,.2f} {currency}"
    except ValueError as error:
        raise InvalidInputError(f"payload.templateData.{name}", str(error)) from None
