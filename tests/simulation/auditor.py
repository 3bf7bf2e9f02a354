"""The operators' audit, over the simulated tables: an opinion that does not know this simulation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from ops.audit.model import Moment
from ops.audit.run import Audit
from ops.core.rows import Name
from ops.core.table_reader import by_name
from shared.storage.writes import Item
from tests.order_ids import ORDER_IDS
from tests.simulation.journal import Breach
from tests.simulation.outside import START
from tests.simulation.world import World

# The audit compares a mail's claim with the suppression by the clocks of two machines, which
# differ here by seconds; `always` checks I14 by the one true clock.
_SEES_LESS = {"I14"}


class _Tables:
    def __init__(self, world: World) -> None:
        self._world = world

    def pages(self, table: str) -> Iterator[Sequence[Item]]:
        """Everything on one page."""
        yield self._world.tables.all(table)

    def get(self, names: Iterable[Name]) -> Mapping[Name, Item]:
        """Rows by name."""
        return by_name(self._world.tables, names)


def the_audit_agrees(world: World) -> Iterator[Breach]:
    """A minute after everything came to rest, ``make audit`` finds nothing."""
    now = START + timedelta(seconds=world.now + 60)
    for result in Audit(
        _Tables(world), Moment(now, timedelta(seconds=10), order_ids=ORDER_IDS)
    ).run():
        if result.breaches and result.invariant not in _SEES_LESS:
            found = next(finding for finding in result.found if not finding.attention)
            told = f"the audit says: {result.name}: {found.subject} {found.says}"
            yield Breach(result.invariant, told, frozenset({found.subject}))
