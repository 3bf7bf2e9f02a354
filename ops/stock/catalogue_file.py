"""Reads a catalogue from CSV, strictly: every bad line is told, and then nothing is read.

Columns, in any order: ``sku`` (``productId`` or ``productId#variationId``), ``name``, ``price``, and
optionally ``available`` and ``threshold``, whose cells may be empty: then they say nothing.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ops.dead_letters.domain import OperatorError
from ops.stock.domain import MAX_UNITS, SKU_RULE, UNITS_RULE, parts_of
from shared.money import MAX_AMOUNT, amount
from shared.text import one_line

REQUIRED = ("sku", "name", "price")
OPTIONAL = ("available", "threshold")
MAX_BYTES = 20_000_000
MAX_NAME = 200
PRICE_RULE = (
    f"must be an amount from 0 to {MAX_AMOUNT} with at most two decimals and a point, such as 12.50"
)
NAME_RULE = f"must be 1 to {MAX_NAME} characters on one line, with no blank at either end"
_PRICE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")
_UNITS = re.compile(r"[0-9]{1,12}")
_BYTE_ORDER = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell, or a line, that breaks a rule.

    Args:
        line: as an editor counts, from 1.
        column: name of the column, empty for the whole line.
    """

    line: int
    column: str
    rule: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A product as a line of the file says it should be; None says nothing."""

    line: int
    sku: str
    name: str
    price: Decimal
    available: int | None = None
    threshold: int | None = None


class CatalogueError(OperatorError):
    """The file is no catalogue; names every line that is the reason."""

    code = "catalogue"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: p.line))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"file: has {count}; nothing was written")


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        """One record of the file."""
        if len(cells) != len(columns):
            rule = f"has {len(cells)} cells, the header has {len(columns)}"
            self.problems.append(Problem(line, "", rule))
            return
        values, broken = _values(dict(zip(columns, cells, strict=True)))
        self.problems += [Problem(line, column, rule) for column, rule in broken]
        if isinstance(sku := values.get("sku"), str):
            first = self.lines.setdefault(sku, line)
            if first != line:
                rule = f"is the same as on line {first}"
                self.problems.append(Problem(line, "sku", rule))
        if not broken:
            self.entries.append(Entry(line, **values))  # type: ignore[arg-type]


def parse(data: bytes) -> tuple[Entry, ...]:
    """The products of a file, in its order.

    Raises:
        CatalogueError: with every problem that there is.
    """
    reading = _Reading()
    columns: Sequence[str] = ()
    try:
        for line, cells in _records(_text(data)):
            if not cells:
                continue  # an empty line
            if not columns:
                columns = _columns(line, cells)
            else:
                reading.add(line, columns, cells)
    except CatalogueError as error:
        reading.problems += error.problems
    if not columns and not reading.problems:
        reading.problems.append(Problem(1, "", f"must be a header: {_header()}"))
    if reading.problems:
        raise CatalogueError(reading.problems)
    return tuple(reading.entries)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise CatalogueError([Problem(1, "", f"the file must have at most {MAX_BYTES} bytes")])
    for mark, encoding in _BYTE_ORDER.items():
        if data.startswith(mark):
            raise CatalogueError([Problem(1, "", f"the file is {encoding}, it must be UTF-8")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CatalogueError([Problem(line, "", "the file must be UTF-8 text")]) from None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the line each begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise CatalogueError(
                [Problem(line, "", f"cannot be read as CSV: {error}; what follows was not read")]
            ) from None
        if cells is None:
            return
        yield line, cells


def _columns(line: int, cells: Sequence[str]) -> Sequence[str]:
    problems = [
        Problem(line, column, "is missing in the header")
        for column in REQUIRED
        if column not in cells
    ]
    if len(cells) == 1 and re.search(r"[;\t]", cells[0]):
        problems = [Problem(line, "", f"must be separated by commas: {_header()}")]
    else:
        known = (*REQUIRED, *OPTIONAL)
        for number, cell in enumerate(cells):
            if cell not in known:
                problems.append(Problem(line, cell, f"is no column of a catalogue: {_header()}"))
            elif cell in cells[:number]:
                problems.append(Problem(line, cell, "is in the header twice"))
    if problems:
        raise CatalogueError(problems)
    return tuple(cells)


def _header() -> str:
    return ",".join(REQUIRED) + "".join(f"[,{column}]" for column in OPTIONAL)


def _values(cells: Mapping[str, str]) -> tuple[dict[str, object], list[tuple[str, str]]]:
    values: dict[str, object] = {}
    broken: list[tuple[str, str]] = []
    for column, cell in cells.items():
        read, rule = _READERS[column]
        try:
            values[column] = read(cell)
        except (ValueError, OperatorError):
            broken.append((column, rule))
    return values, broken


def _sku(cell: str) -> str:
    parts_of(cell)
    return cell


def _name(cell: str) -> str:
    if one_line(cell, MAX_NAME) != cell:
        raise ValueError(NAME_RULE)
    return cell


def _price(cell: str) -> Decimal:
    if _PRICE.fullmatch(cell) is None:
        raise ValueError(PRICE_RULE)
    return amount(Decimal(cell))


def _units(cell: str) -> int | None:
    if cell == "":
        return None
    if _UNITS.fullmatch(cell) is None or int(cell) > MAX_UNITS:
        raise ValueError(UNITS_RULE)
    return int(cell)


_READERS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "sku": (_sku, SKU_RULE),
    "name": (_name, NAME_RULE),
    "price": (_price, PRICE_RULE),
    "available": (_units, UNITS_RULE),
    "threshold": (_units, UNITS_RULE),
}
