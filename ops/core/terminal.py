"""What operators see: tables, and text that cannot play tricks on a terminal (S19)."""

from collections.abc import Iterable, Sequence

from commandline.text import cut, harmless, padded, width

__all__ = ["harmless", "shortened", "table"]


def shortened(text: object, columns: int) -> str:
    """Harmless text, cut to a width."""
    return cut(harmless(text), columns)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as they need to be; the last one may be long."""
    cells = [list(headings), *([harmless(cell) for cell in row] for row in rows)]
    widths = [max(width(row[column]) for row in cells) for column in range(len(headings) - 1)]
    lines = [
        "  ".join([*(padded(cell, size) for cell, size in zip(row, widths, strict=False)), row[-1]])
        for row in cells
    ]
    lines.insert(1, "  ".join("─" * size for size in [*widths, len(headings[-1])]))
    return "\n".join(line.rstrip() for line in lines)
