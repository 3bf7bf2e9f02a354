"""Reads a catalogue from CSV, strictly: every bad line is told, and then nothing is read.

Columns, in any order: ``sku`` (``productId`` or ``productId#variationId``), ``name``, ``price``, and
optionally ``available`` and ``threshold``, whose cells may be empty: then they say nothing. Rows and
columns of nothing but blanks, which spreadsheets like to add, are nothing.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ops.core.errors import OperatorError
from ops.stock.catalogue_problems import CatalogueError, Problem
from ops.stock.catalogue_text import HOW_TO_SAVE, text_of
from ops.stock.domain import MAX_UNITS, SKU_RULE, UNITS_RULE, parts_of
from shared.kernel.money import MAX_AMOUNT, amount
from shared.kernel.text import one_line

REQUIRED = ("sku", "name", "price")
OPTIONAL = ("available", "threshold")
MAX_NAME = 200
PRICE_RULE = (
    f"must be an amount from 0 to {MAX_AMOUNT} with at most two decimals and a point, such as 12.50"
)
NAME_RULE = (
    f"must be 1 to {MAX_NAME} characters on one line, with no blank at either end, "
    "and not begin like a formula (= + - @)"
)
# What makes a spreadsheet calculate: it shows something else than is stored, or runs it (S19).
_FORMULA = ("=", "+", "-", "@")
_PRICE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")
_UNITS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A product as a line of the file says it should be; None says nothing."""

    line: int
    sku: str
    name: str
    price: Decimal
    available: int | None = None
    threshold: int | None = None


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        """One record of the file."""
        named = max(number for number, column in enumerate(columns, 1) if column)
        if not named <= len(cells) <= len(columns):
            rule = f"has {len(cells)} cells, the header has {len(columns)}"
            if len(cells) > len(columns):
                rule += ": a cell with a comma in it needs quotes, a price has a point"
            self.problems.append(Problem(line, "", rule))
            return
        values, broken = _values(columns, cells)
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
        for line, cells in _records(text_of(data)):
            if not any(map(str.strip, cells)):
                continue
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
    """The header's names as we write them; a column without a name is called nothing."""
    names = tuple(cell.strip().lower() for cell in cells)
    if names[0].startswith("sep="):
        rule = f"is a spreadsheet's note to itself: remove the line, or {HOW_TO_SAVE}"
        raise CatalogueError([Problem(line, "", rule)])
    if len(names) == 1 and (found := re.search(r"[;\t]", names[0])):
        mark = "semicolons" if found[0] == ";" else "tabs"
        rule = (
            f"its cells are separated by {mark}, they must be by commas, with a point in prices: "
            f"{HOW_TO_SAVE} from a spreadsheet set to English; {_header()}"
        )
        raise CatalogueError([Problem(line, "", rule)])
    problems = [
        Problem(line, column, "is missing in the header")
        for column in REQUIRED
        if column not in names
    ]
    for number, name in enumerate(names):
        if name and name not in (*REQUIRED, *OPTIONAL):
            problems.append(Problem(line, name, f"is no column of a catalogue: {_header()}"))
        elif name and name in names[:number]:
            problems.append(Problem(line, name, "is in the header twice"))
    if problems:
        raise CatalogueError(problems)
    return names


def _header() -> str:
    return ",".join(REQUIRED) + "".join(f"[,{column}]" for column in OPTIONAL)


def _values(
    columns: Sequence[str], cells: Sequence[str]
) -> tuple[dict[str, object], list[tuple[str, str]]]:
    values: dict[str, object] = {}
    broken: list[tuple[str, str]] = []
    # A row may lack cells only where columns have no names.
    for number, (column, cell) in enumerate(zip(columns, cells, strict=False), 1):
        if column == "":
            if cell.strip():
                broken.append(
                    (f"column {number}", "has no name in the header: name it or empty it")
                )
            continue
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
    if one_line(cell, MAX_NAME) != cell or cell.startswith(_FORMULA):
        raise ValueError(NAME_RULE)
    return cell


def _price(cell: str) -> Decimal:
    if _PRICE.fullmatch(cell) is None:
        raise ValueError(PRICE_RULE)
    return amount(Decimal(cell))


def _units(cell: str) -> int | None:
    if not cell.strip():
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
