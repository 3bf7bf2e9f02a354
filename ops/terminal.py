"""What operators see: tables, and text that cannot play tricks on a terminal (S19)."""

import unicodedata
from collections.abc import Iterable, Sequence


def harmless(text: object) -> str:
    """Text with every control character shown instead of obeyed."""
    return "".join(
        character if unicodedata.category(character)[0] != "C" else f"\\x{ord(character):02x}"
        for character in str(text)
    )


def shortened(text: object, width: int) -> str:
    """Harmless text, cut to a width."""
    shown = harmless(text)
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as they need to be; the last one may be long."""
    cells = [list(headings), *([harmless(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in cells
    ]
    lines.insert(1, "  ".join("─" * width for width in [*widths, len(headings[-1])]))
    return "\n".join(line.rstrip() for line in lines)
