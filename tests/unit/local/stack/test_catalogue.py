from decimal import Decimal

from local.stack.catalogue import ALMOST_LOW, CATALOGUE, SOLD_OUT, Product, product


def test_every_sku_is_there_once():
    skus = [entry.sku for entry in CATALOGUE]

    assert len(skus) == len(set(skus))


def test_prices_have_cents_and_no_more():
    assert all(Decimal(entry.price).as_tuple().exponent == -2 for entry in CATALOGUE)


def test_a_sold_out_and_an_almost_low_product_are_on_offer():
    assert product(SOLD_OUT).available == 0
    assert product(ALMOST_LOW).available == product(ALMOST_LOW).threshold + 1


def test_a_variation_has_its_own_row():
    item = Product("mug", "Mug", "9.90", 10, variation_id="red").item("2026-01-01T00:00:00.000Z")

    assert item["sku"] == {"S": "mug#red"}
    assert item["productId"] == {"S": "mug"}
    assert item["variationId"] == {"S": "red"}


def test_a_product_without_variations_says_nothing_of_them():
    assert "variationId" not in Product("mug", "Mug", "9.90", 10).item("now")


def test_the_alert_is_raised_already_where_stock_starts_low():
    assert Product("mug", "Mug", "9.90", 5, threshold=5).item("now")["alert"] == {"S": "raised"}
    assert Product("mug", "Mug", "9.90", 6, threshold=5).item("now")["alert"] == {"S": "armed"}
