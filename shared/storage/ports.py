"""What storing needs from outside."""

from collections.abc import Sequence
from typing import Protocol

from shared.storage.writes import Item, Key, Write


class Tables(Protocol):
    """Items in tables by logical name, with conditional writes that commit together."""

    def get(self, table: str, key: Key) -> Item | None:
        """The item as of now (strongly consistent).

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def get_many(self, keys: Sequence[tuple[str, Key]]) -> list[Item | None]:
        """Up to 100 items of any tables in one call, in the order asked, None where absent.

        Raises:
            DependencyError: the store did not answer, or not for all of them.
        """
        ...

    def query(
        self,
        table: str,
        value: str,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[Item]:
        """Items whose partition key (of the table or index) is ``value``, in sort key order.

        An index may lag behind the table by a moment.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def transact(self, writes: Sequence[Write]) -> None:
        """Commit every write or none.

        Raises:
            ConditionsFailed: a condition did not hold; carries the items as they stood.
            ContentionError: other writers hold the items right now; nothing was stored.
            DependencyError: the store did not answer; the writes may or may not be stored.
        """
        ...
