"""Believable orders for looking at mails: an ordinary one, and one that tries a layout's patience."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_ORDINARY: Mapping[str, Any] = {
    "orderId": "ord_45ee2716e3d3b952c9dcdc7f95ecc992",
    "customerName": "Ada Lindqvist",
    "items": [
        {
            "productId": "mug-classic",
            "productName": "Classic Mug",
            "quantity": 2,
            "price": Decimal("12.50"),
        },
        {
            "productId": "shirt",
            "variationId": "red-m",
            "productName": "T-Shirt",
            "quantity": 1,
            "price": Decimal("29.99"),
        },
        {"productId": "poster-lisbon", "quantity": 1, "price": Decimal("18.00")},
    ],
    "totalAmount": Decimal("72.99"),
}
_LONG_NAME = "Handwoven Merino Throw with Fringe, Undyed, 140 x 200 cm, Spring Collection"


def _large() -> dict[str, Any]:
    lines: list[dict[str, Any]] = [
        {
            "productId": f"product-{number:02d}",
            "productName": f"{_LONG_NAME} No. {number}" if number % 7 == 1 else f"Item {number}",
            "variationId": "limited-edition-charcoal-extra-wide" if number % 5 == 1 else "m",
            "quantity": number * 7 % 12 + 1,
            "price": Decimal(number * 37) + Decimal("0.95"),
        }
        for number in range(1, 49)
    ]
    lines.append({"productId": "W" * 60, "quantity": 900, "price": Decimal("99999.99")})
    lines.append({"productId": "a", "quantity": 1, "price": Decimal("0.05")})
    return {
        "orderId": "ord_" + "f" * 120,
        "customerName": "Maximiliane-Alexandra von und zu Hohenstein-Waldburg-Wolfegg",
        "items": lines,
        "totalAmount": sum((line["quantity"] * line["price"] for line in lines), Decimal(0)),
    }


_LARGE = _large()
_PARCEL = {
    "carrier": "Nordic Parcel",
    "trackingNumber": "NP-2038-4471-0092-DE",
    "trackingUrl": "https://parcels.example/track?id=NP-2038-4471-0092-DE",
}
_LONG_PARCEL = {
    "carrier": "Trans-European Overnight Freight & Parcel Partners",
    "trackingNumber": "7" * 90,
    "trackingUrl": "https://parcels.example/" + "t/" * 100,
}

SAMPLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "order-confirmation": ("order-confirmation", _ORDINARY),
    "order-confirmed": ("order-confirmed", _ORDINARY),
    "order-shipped": ("order-shipped", {**_ORDINARY, **_PARCEL}),
    "order-delivered": ("order-delivered", _ORDINARY),
    "order-cancelled": (
        "order-cancelled",
        {**_ORDINARY, "reason": "ordered twice", "cancelledBy": "user"},
    ),
    "order-corrected": (
        "order-corrected",
        {**_ORDINARY, "nameChanged": False, "emailChanged": True, "addressChanged": True},
    ),
    "order-corrected-notice": ("order-corrected-notice", _ORDINARY),
    "order-rejected": ("order-rejected", {**_ORDINARY, "reason": "out_of_stock"}),
    "low-stock-alert": (
        "low-stock-alert",
        {"productName": "Classic Mug", "sku": "mug-classic", "currentStock": 3, "threshold": 5},
    ),
    "order-confirmation-large": ("order-confirmation", _LARGE),
    "order-shipped-large": ("order-shipped", {**_LARGE, **_LONG_PARCEL}),
    "low-stock-alert-long": (
        "low-stock-alert",
        {
            "productName": _LONG_NAME,
            "sku": "merino-throw-undyed#limited-edition-charcoal-extra-wide-140x200",
            "currentStock": 0,
            "threshold": 25,
        },
    ),
}
"""Name of the preview to template and data; every template has at least one of its own name."""
