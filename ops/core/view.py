"""What every command says of rows that make no sense: each is told, and none hides the others (S33)."""

from collections.abc import Sequence

from commandline.entry import complain
from ops.core.terminal import harmless
from shared.kernel.errors import UnreadableRowError


def tell_unreadable(rows: Sequence[UnreadableRowError]) -> int:
    """Say on standard error which rows could not be read, and why; the exit status: 1 if any."""
    for row in rows:
        complain(harmless(row))
    return 1 if rows else 0
