"""A catalogue file is read whole or not at all, and everything that is wrong with it is told."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ops.stock.catalogue_file import PRICE_RULE, Entry, parse
from ops.stock.catalogue_problems import CatalogueError
from ops.stock.catalogue_text import MAX_BYTES
from ops.stock.view import problems

HEADER = "sku,name,price,available,threshold\n"


def wrong(text: str | bytes) -> list[tuple[int, str, str]]:
    """Line, column and rule of every problem."""
    with pytest.raises(CatalogueError) as refused:
        parse(text.encode() if isinstance(text, str) else text)
    return [(p.line, p.column, p.rule) for p in refused.value.problems]


def test_a_line_is_a_product_and_an_empty_cell_says_nothing():
    data = HEADER + 'shirt#red-m,"Shirt, red",19.9,4,1\n\nmug,Müg ☕,12,,\n'

    assert parse(data.encode()) == (
        Entry(2, "shirt#red-m", "Shirt, red", Decimal("19.90"), 4, 1),
        Entry(4, "mug", "Müg ☕", Decimal("12.00"), None, None),
    )


def test_columns_come_in_any_order_and_the_optional_ones_may_be_absent():
    assert parse(b"price,sku,name\n1.00,mug,Mug\n") == (Entry(2, "mug", "Mug", Decimal(1)),)


def test_rows_of_nothing_but_blanks_are_nothing_and_are_counted():
    text = "\n,,\nsku,name,price\n\n,,\n , \t,\u00a0\nmug,Mug,1\n,,\n"

    assert [(entry.line, entry.sku) for entry in parse(text.encode())] == [(7, "mug")]
    assert wrong("\n" + HEADER + ",,,,\nmug,Mug,free,1,1\n") == [(4, "price", PRICE_RULE)]


def test_the_header_may_be_written_in_any_case_with_blanks_around():
    assert parse(b" SKU ,Name,\tPRICE\nmug,Mug,1\n")[0].sku == "mug"


def test_columns_without_a_name_are_nothing_while_they_are_empty():
    text = "sku,,name,price,,\nmug,,Mug,1,,\ncup, ,Cup,2\n"

    assert [(e.sku, e.name, e.price) for e in parse(text.encode())] == [
        ("mug", "Mug", Decimal(1)),
        ("cup", "Cup", Decimal(2)),
    ]
    assert wrong("sku,name,price,,\nmug,Mug,12,50,\n") == [
        (2, "column 4", "has no name in the header: name it or empty it")
    ]


def test_a_price_with_a_comma_moves_no_other_cell():
    for row in ("mug,Mug,12,50,3,", "mug,Mug,12,50,3,1"):
        [(line, column, rule)] = wrong(f"{HEADER}{row}\n")
        assert (line, column) == (2, "")
        assert rule.startswith(
            "has 6 cells, the header has 5: a cell with a comma in it needs quotes"
        )


def test_an_optional_cell_of_blanks_says_nothing():
    assert parse(f"{HEADER}mug,Mug,1, ,\t\n".encode()) == (Entry(2, "mug", "Mug", Decimal(1)),)


@pytest.mark.parametrize(
    "name", ["=1+1", "=cmd()", "+1", "-1", "@SUM(A1)", "Mug\nof tea", "Mug\x00"]
)
def test_a_name_that_a_spreadsheet_would_calculate_or_break_is_refused(name):
    text = f'sku,name,price\nmug,"{name}",1\ncup,,1\n'

    found = wrong(text)

    assert found[0][0] == 2
    assert "cup" not in str(found[0])


def test_lines_are_counted_as_an_editor_shows_them():
    text = 'sku,name,price\r\nmug,"Mug\nof\r\ntea",1\r\n\r\ncup,Cup,x\r\n'

    assert [(line, column) for line, column, _ in wrong(text)] == [(2, "name"), (6, "price")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_any_line_end_are_read(end):
    data = "\ufeffsku,name,price\nmug,Mug,1\n".replace("\n", end)

    assert [entry.sku for entry in parse(data.encode())] == ["mug"]


def test_every_problem_of_every_line_is_told_and_a_double_names_both_lines():
    text = HEADER + (
        "mug,Mug,12.50,1,1\n"
        "mu g,,12.505,-1,1.5\n"
        "cup,Cup,1\n"
        'jar,"Jar\nof glass",1,1,1\n'
        "mug,Mug again,12.50,1,1\n"
        "tea,Tea,1e3,1000000001,\u0661\n"
    )

    found = wrong(text)

    assert [(line, column) for line, column, _ in found] == [
        (3, "sku"),
        (3, "name"),
        (3, "price"),
        (3, "available"),
        (3, "threshold"),
        (4, ""),
        (5, "name"),
        (7, "sku"),
        (8, "price"),
        (8, "available"),
        (8, "threshold"),
    ]
    assert (7, "sku", "is the same as on line 2") in found
    assert (4, "", "has 3 cells, the header has 5") in found


@pytest.mark.parametrize(
    ("cell", "is_right"),
    [
        ("0", True),
        ("0.5", True),
        ("99999999.99", True),
        ("100000000", False),
        ("12,50", False),
        ("-1", False),
        ("+1", False),
        ("1.005", False),
        (".5", False),
        ("1.", False),
        (" 1", False),
        ("1e2", False),
        ("NaN", False),
        ("1_0", False),
        ("\u0661", False),
        ("inf", False),
        ("€1", False),
        ("", False),
    ],
)
def test_a_price_is_an_amount_with_at_most_two_decimals(cell, is_right):
    text = f'sku,name,price\nmug,Mug,"{cell}"\n'
    if is_right:
        assert parse(text.encode())[0].price == Decimal(cell)
    else:
        assert [(line, column) for line, column, _ in wrong(text)] == [(2, "price")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", (1, "", "must be a header")),
        ("\n\n", (1, "", "must be a header")),
        (
            "sku;name;price\n",
            (1, "", "its cells are separated by semicolons, they must be by comm"),
        ),
        ("sku\tname\tprice\n", (1, "", "its cells are separated by tabs, they must be by commas")),
        ("sep=;\nsku;name;price\n", (1, "", "is a spreadsheet's note")),
        ("sep=,\nsku,name,price\n", (1, "", "is a spreadsheet's note")),
        ("sku,name\n", (1, "price", "is missing")),
        ("sku,name,price,cost\n", (1, "cost", "is no column")),
        ("sku,name,price, SKU \n", (1, "sku", "is in the header twice")),
        ("sku,name,price,sku\n", (1, "sku", "is in the header twice")),
        ('sku,name,price\nmug,"Mug,1\n', (2, "", "cannot be read as CSV")),
        ('sku,name,price\nmug,"M"ug,1\n', (2, "", "cannot be read as CSV")),
        ("sku,name,price\n".encode("utf-16"), (1, "", "the file is UTF-16")),
        ("sku,name,price\n".encode("utf-16-le"), (1, "", "the file is UTF-16 or UTF-32")),
        ("sku,name,price\n".encode("utf-16-be"), (1, "", "the file is UTF-16 or UTF-32")),
        ("sku,name,price\n".encode("utf-32-le"), (1, "", "the file is UTF-16 or UTF-32")),
        (b"PK\x03\x04\x14\x00", (1, "", "the file is a spreadsheet (such as .xlsx")),
        (
            b"sku,name,price\r\nmug,Mug,1\rcup,Caf\xe9,1\n",
            (
                3,
                "",
                'byte 8 of the line (0xE9) after "cup,Caf" is not UTF-8: save it as "CSV UTF-8',
            ),
        ),
        (
            b"\xef\xbb\xbfsku,n\xe4me,price\n",
            (1, "", 'byte 6 of the line (0xE4) after "sku,n" is not UTF-8'),
        ),
        (
            b"sku,name,price\nmug,Mu\x00g,1\n",
            (2, "", 'byte 7 of the line (0x00) after "mug,Mu" is NUL'),
        ),
        ("sku,name,price\nmug," + "x" * 200_000 + ",1\n", (2, "", "cannot be read as CSV: field")),
        (b"x" * (MAX_BYTES + 1), (1, "", "the file must have at most")),
    ],
)
def test_a_file_that_is_no_catalogue_is_told_what_it_is(text, problem):
    found = wrong(text)

    assert (found[0][:2], found[0][2].startswith(problem[2])) == (problem[:2], True)


def test_problems_are_printed_with_nothing_for_the_terminal_to_obey():
    with pytest.raises(CatalogueError) as refused:
        parse("sku,name,price,\x1b[2J\u202e\n".encode())

    printed = problems(refused.value)

    assert "\x1b" not in printed
    assert "\\x1b[2j\\u202e" in printed


cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["mug", "mug#red", "Mug", "1.50", "3", "-1", "", '"', "a\nb", "\u0663", "1e5"]),
)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: (HEADER + t).encode()))
@example(b"\xef\xbb\xbf")
@example(b'sku,name,price\n"')
@example(b"sku,name,price\nmug,Mug,1\r\rmug")
@example(b"\x00,\x00")
def test_any_bytes_are_a_catalogue_or_problems_with_their_lines(data):
    _holds(data)


@given(st.lists(st.lists(cells, max_size=6), max_size=6))
def test_any_table_is_a_catalogue_or_problems_with_their_lines(rows):
    buffer = io.StringIO()
    csv.writer(buffer).writerows([HEADER.strip().split(","), *rows])
    _holds(buffer.getvalue().encode("utf-8", "surrogatepass"))


def _holds(data: bytes) -> None:
    lines = 1 + data.count(b"\n") + data.count(b"\r")
    refusal = None
    try:
        entries = parse(data)
    except CatalogueError as error:
        refusal, entries = error, ()
    if refusal is not None:
        assert refusal.problems
        assert all(1 <= p.line <= lines and p.rule for p in refusal.problems)
        assert problems(refusal)
    assert len({entry.sku for entry in entries}) == len(entries)


@given(st.integers(0, 9_999_999_999), st.integers(0, 2_000_000_000))
def test_what_is_written_exactly_is_read_exactly(cents, units):
    price = Decimal(cents) / 100
    text = f"{HEADER}mug,Mug,{price:.2f},{units},{units}\n"
    if units <= 1_000_000_000:
        assert parse(text.encode()) == (Entry(2, "mug", "Mug", price, units, units),)
    else:
        assert {column for _, column, _ in wrong(text)} == {"available", "threshold"}
