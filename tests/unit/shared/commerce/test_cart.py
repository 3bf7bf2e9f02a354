"""Carts: merged, added up, recognised again."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.commerce.cart import digest_of, merged, total_of
from shared.contracts.lines import MAX_QUANTITY, MAX_SKUS, OrderLine
from shared.kernel.errors import InvalidInputError

PRICES = {"a": Decimal("1.10"), "b": Decimal("20.00"), "c": Decimal("0.01")}


def line(product: str = "a", quantity: int = 1, **changes: object) -> OrderLine:
    values = {"productId": product, "quantity": quantity, "price": PRICES.get(product, Decimal(1))}
    return OrderLine.model_validate(values | changes)


carts = st.lists(
    st.builds(line, st.sampled_from(sorted(PRICES)), st.integers(1, 9)), min_size=1, max_size=8
)


def test_lines_of_one_sku_are_added_together_where_the_first_one_stood():
    lines = merged([line("b", 1), line("a", 2), line("b", 3)])

    assert [(found.sku, found.quantity) for found in lines] == [("b", 4), ("a", 2)]


def test_variations_of_a_product_stay_apart():
    lines = merged([line("a"), line("a", variationId="red"), line("a", variationId="blue")])

    assert [found.sku for found in lines] == ["a", "a#red", "a#blue"]


def test_two_prices_for_one_sku_are_refused_at_the_second_line():
    with pytest.raises(InvalidInputError) as refused:
        merged([line("a"), line("b"), line("a", price=Decimal("1.11"))])

    assert refused.value.field == "items[2].price"
    assert refused.value.rule == "must be the same in every line of one product"


def test_more_than_the_most_units_in_several_lines_are_refused():
    half = MAX_QUANTITY // 2
    assert merged([line("a", half), line("a", half)])[0].quantity == MAX_QUANTITY

    with pytest.raises(InvalidInputError) as refused:
        merged([line("a", half), line("a", half + 1)], field="payload.items")

    assert refused.value.field == "payload.items[1].quantity"


def test_more_than_the_most_products_are_refused():
    lines = [line(f"p{index}") for index in range(MAX_SKUS + 1)]
    assert len(merged(lines[:-1])) == MAX_SKUS

    with pytest.raises(InvalidInputError, match="items: must name at most 50 different products"):
        merged(lines)


@given(carts)
def test_merging_changes_neither_units_nor_total(lines):
    result = merged(lines)

    assert len({found.sku for found in result}) == len(result)
    assert sum(found.quantity for found in result) == sum(given_.quantity for given_ in lines)
    assert total_of(result) == total_of(lines)
    assert merged(result) == result


@given(carts, st.randoms(use_true_random=False))
def test_digest_does_not_depend_on_order_or_on_split_lines(lines, random):
    shuffled = list(lines)
    random.shuffle(shuffled)

    assert digest_of("u", merged(shuffled), total_of(lines)) == digest_of(
        "u", merged(lines), total_of(lines)
    )


@given(carts, carts)
def test_digest_tells_different_carts_apart(left, right):
    def content(lines: list[OrderLine]) -> set[tuple[str, int]]:
        return {(found.sku, found.quantity) for found in merged(lines)}

    same = digest_of("u", merged(left), total_of(left)) == digest_of(
        "u", merged(right), total_of(right)
    )

    assert same is (content(left) == content(right))


def test_digest_does_not_depend_on_names_or_on_spelling_of_amounts():
    lines = [line("b", price=20)]

    assert digest_of("u", lines, Decimal(20)) == digest_of(
        "u", [line("b", productName="Bowl")], Decimal("20.00")
    )


@pytest.mark.parametrize(
    ("user", "lines", "total"),
    [
        ("v", [line("a")], Decimal("1.10")),
        ("u", [line("a", 2)], Decimal("1.10")),
        ("u", [line("b")], Decimal("1.10")),
        ("u", [line("a", variationId="red")], Decimal("1.10")),
        ("u", [line("a", price=Decimal("1.11"))], Decimal("1.10")),
        ("u", [line("a"), line("c")], Decimal("1.10")),
        ("u", [line("a")], Decimal("1.11")),
    ],
)
def test_digest_changes_with_user_product_quantity_price_and_total(user, lines, total):
    assert digest_of(user, lines, total) != digest_of("u", [line("a")], Decimal("1.10"))


def test_total_is_exact():
    assert total_of([line("c", 3, price=Decimal("0.10"))]) == Decimal("0.30")
    assert total_of([]) == 0
