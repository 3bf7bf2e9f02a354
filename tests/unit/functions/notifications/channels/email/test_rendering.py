"""What mails look like, and that nothing in an event can change more than its own words."""

from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notifications.channels.email import rendering as templates
from functions.notifications.channels.email.rendering import JinjaRenderer, money
from functions.notifications.channels.email.template_data import TEMPLATES
from shared.kernel.errors import InvalidInputError
from shared.kernel.unlinked import unlinked

LINES = [
    {"productId": "mug", "quantity": 2, "price": Decimal("12.5"), "productName": "Classic Mug"},
    {"productId": "shirt", "variationId": "red-m", "quantity": 1, "price": Decimal("1029.99")},
]
ORDER = {
    "orderId": "ord_1",
    "customerName": "Ada Example",
    "items": LINES,
    "totalAmount": Decimal("1054.99"),
}
DATA: dict[str, dict[str, Any]] = {
    "order-confirmation": ORDER,
    "order-rejected": {**ORDER, "reason": "out_of_stock"},
    "order-confirmed": ORDER,
    "order-shipped": {**ORDER, "carrier": "Parcel Co", "trackingNumber": "PC-1"},
    "order-delivered": ORDER,
    "order-cancelled": {**ORDER, "reason": "changed my mind", "cancelledBy": "user"},
    "order-corrected": {
        **ORDER,
        "nameChanged": True,
        "emailChanged": False,
        "addressChanged": True,
    },
    "order-corrected-notice": {"orderId": "ord_1", "customerName": "Ada Example"},
    "low-stock-alert": {"productName": "Mug", "sku": "mug", "currentStock": 2, "threshold": 3},
}
HOSTILE = [
    "<script>alert(1)</script>",
    "{{7*7}}",
    "{% include '/etc/passwd' %}",
    "{{ data.__class__.__mro__ }}",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "</td></tr></table>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "${7*7}",
    "#{7*7}",
]


@pytest.fixture(scope="module")
def renderer() -> JinjaRenderer:
    return JinjaRenderer(shop_name="The Shop", currency="EUR")


class Tags(HTMLParser):
    """The elements and attributes of a document, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_every_template_has_its_two_files_and_data_for_these_tests():
    folder = Path(templates.__file__).parent / "templates"
    files = {path.name for path in folder.glob("[!_]*.j2")}

    assert files == {f"{name}.{form}.j2" for name in TEMPLATES for form in ("html", "txt")}
    assert set(DATA) == set(TEMPLATES)


@pytest.mark.parametrize("form", [0, 1])
def test_confirmation_names_order_customer_lines_and_total(renderer, form):
    text = renderer.render("order-confirmation", DATA["order-confirmation"])[form]

    for fact in (
        "ord_1",
        "Ada Example",
        "Classic Mug",
        "red-m",
        "12.50 EUR",
        "1,029.99 EUR",
        "1,054.99 EUR",
        "The Shop",
    ):
        assert fact in text


def test_line_without_a_name_shows_its_product_id(renderer):
    assert "1 x shirt (red-m) at 1,029.99 EUR" in renderer.render("order-confirmation", ORDER)[1]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("out_of_stock", "was sold just before"),
        ("price_changed", "a price in your cart had changed"),
        ("unknown_product", "is no longer for sale"),
    ],
)
def test_rejection_says_why_and_that_the_money_comes_back(renderer, reason, words):
    for text in renderer.render("order-rejected", {**ORDER, "reason": reason}):
        assert words in text
        assert "what you paid goes back to you" in text


def test_shipped_mail_carries_carrier_tracking_and_an_https_link(renderer):
    link = "https://parcels.example/track?id=PC-1&lang=en"

    html, text = renderer.render("order-shipped", {**DATA["order-shipped"], "trackingUrl": link})

    assert "Parcel Co" in html
    assert "PC-1" in text
    assert 'href="https://parcels.example/track?id=PC-1&amp;lang=en"' in html
    assert link in text


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "http://parcels.example/",
        "data:text/html,x",
        'https://x.example/" onmouseover="alert(1)',
        "https://user:password@x.example/",
        " https://x.example/",
        "",
        7,
    ],
)
def test_a_link_that_is_no_plain_https_address_is_refused(renderer, link):
    with pytest.raises(InvalidInputError, match="https") as refused:
        renderer.render("order-shipped", {**DATA["order-shipped"], "trackingUrl": link})

    assert refused.value.field == "payload.templateData.trackingUrl"


@pytest.mark.parametrize(
    "link",
    [
        "https://parcels.example:8443/PC-1",
        "https://203.0.113.7/PC-1",
        "https://2130706433/PC-1",
        "https://0x7f000001/PC-1",
        "https://localhost/PC-1",
        "https://parcels/PC-1",
        "https://parcels.example./PC-1",
        "https://-parcels.example/PC-1",
        "https://parcels..example/PC-1",
    ],
)
def test_a_link_to_a_port_or_a_number_is_left_out_and_the_mail_goes(renderer, link):
    """Orders of before hold such links: no mail may become a dead letter for one."""
    data = {**DATA["order-shipped"], "trackingUrl": link}

    assert renderer.render("order-shipped", data) == renderer.render(
        "order-shipped", DATA["order-shipped"]
    )


@pytest.mark.parametrize("host", ["parcels.example", "a-b.co.uk", "xn--e1afmkfd.xn--p1ai"])
@pytest.mark.parametrize("path", ["", "/", "/PC-1?a=b@c:80"])
def test_a_link_to_a_domain_stays(renderer, host, path):
    link = f"https://{host}{path}"
    _, text = renderer.render("order-shipped", {**DATA["order-shipped"], "trackingUrl": link})

    assert f"Follow the parcel: {link}\n" in text


def test_shipped_mail_without_tracking_speaks_of_none(renderer):
    html, text = renderer.render("order-shipped", ORDER)

    for form in (html, text):
        assert "Carrier" not in form
        assert "Tracking" not in form
        assert "Follow" not in form


def test_alert_names_product_stock_and_threshold(renderer):
    html, text = renderer.render("low-stock-alert", DATA["low-stock-alert"])

    assert "2 left of Mug (mug). The alert is set at 3." in text
    assert "<strong>Mug</strong>" in html


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_an_event_is_text_in_the_mail_and_nothing_else(renderer, template, text):
    """In HTML the same elements and attributes as with harmless words; in text, letter by letter,
    but for what could become a link (S41)."""
    harmless = renderer.render(template, replaced(DATA[template], "harmless"))
    html, plain = renderer.render(template, replaced(DATA[template], text))

    assert Tags(html).seen == Tags(harmless[0]).seen
    assert unlinked(text) in "".join(Tags(html).words)
    assert unlinked(text) in plain
    assert "49" not in html + plain
    assert "root:" not in html + plain


@given(st.sampled_from(sorted(TEMPLATES)), st.text(max_size=60))
def test_no_text_whatsoever_adds_an_element(template, text):
    renderer = JinjaRenderer(shop_name="The Shop", currency="EUR")

    html, _ = renderer.render(template, replaced(DATA[template], f"x{text}"))

    harmless, _ = renderer.render(template, replaced(DATA[template], "harmless"))
    assert Tags(html).seen == Tags(harmless).seen


def replaced(values: Any, text: str) -> Any:
    """The same data with every free text replaced; the branch of a reason stays."""
    if isinstance(values, dict):
        return {k: v if k == "reason" else replaced(v, text) for k, v in values.items()}
    if isinstance(values, list):
        return [replaced(child, text) for child in values]
    return text if isinstance(values, str) else values


@pytest.mark.parametrize(
    "template",
    [
        "ghost",
        "../settings",
        "_layout",
        "order-confirmation.html",
        "/etc/passwd",
        "",
        "ORDER-CONFIRMATION",
    ],
)
def test_name_that_is_no_template_is_refused_and_the_known_ones_are_named(renderer, template):
    with pytest.raises(InvalidInputError, match="must be one of low-stock-alert") as refused:
        renderer.render(template, ORDER)

    assert refused.value.field == "payload.templateId"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("0.00"), "0.00 EUR"),
        (Decimal(30), "30.00 EUR"),
        (Decimal("1234567.8"), "1,234,567.80 EUR"),
    ],
)
def test_amounts_are_shown_with_two_decimals_and_the_currency(amount, shown):
    assert money(amount, "EUR") == shown


def test_customer_without_a_name_is_greeted_without_one(renderer):
    for form in renderer.render("order-confirmation", {**ORDER, "customerName": ""}):
        assert "Hello," in form


def test_parcel_without_a_carrier_may_say_null_for_it(renderer):
    nothing = {"carrier": None, "trackingNumber": None, "trackingUrl": None}

    assert renderer.render("order-shipped", {**ORDER, **nothing}) == renderer.render(
        "order-shipped", ORDER
    )
