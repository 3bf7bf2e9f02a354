"""Mail templates: files beside this module, HTML escaped, every variable checked before."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from functions.notifications.channels.email.template_data import checked


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
        self._environment.filters["money"] = lambda amount: money(amount, currency)

    def render(self, template_id: str, data: Mapping[str, Any]) -> tuple[str, str]:
        """HTML and text.

        Raises:
            InvalidInputError: no such template, or a field of it is missing or of another kind.
        """
        shown = checked(template_id, data)
        html, text = (
            self._environment.get_template(f"{template_id}.{form}.j2").render(data=shown)
            for form in ("html", "txt")
        )
        return html, text


def money(amount: Decimal, currency: str) -> str:
    """An amount in whole cents for people: two decimals and the currency."""
    return f"{amount:,.2f} {currency}"
