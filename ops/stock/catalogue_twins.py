"""SKUs that differ only in the case of their letters: nearly always one product, written twice. Pure."""

from collections.abc import Collection, Iterator, Sequence

from ops.stock.catalogue_file import Entry
from ops.stock.catalogue_problems import Problem


def twins(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Each entry whose SKU another one before it has in other case, behind that one."""
    first: dict[str, Entry] = {}
    for entry in entries:
        before = first.setdefault(entry.sku.lower(), entry)
        if before is not entry:
            yield before, entry


def refused(pairs: Sequence[tuple[Entry, Entry]], known: Collection[str]) -> list[Problem]:
    """The pairs that a catalogue without both must not get.

    Args:
        known: SKUs that are in the catalogue. Two that live there already are two products.
    """
    return [
        Problem(
            entry.line,
            "sku",
            f"{entry.sku} differs from {before.sku} on line {before.line} only in case, "
            "and the catalogue does not have both",
        )
        for before, entry in pairs
        if not {before.sku, entry.sku} <= set(known)
    ]
