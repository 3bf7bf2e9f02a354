"""Reads whole tables page by page, and what belongs to a page by key. Reads nothing else, writes
nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from ops.core.rows import Name, name_of
from shared.adapters.attributes import from_attributes, to_attributes
from shared.kernel.errors import DependencyError
from shared.storage.ports import Tables
from shared.storage.schema import TABLES
from shared.storage.writes import Item

_PAGE = 200
_BATCH = 100


class Source(Protocol):
    """The tables of a stage, for reading."""

    def pages(self, table: str) -> Iterator[Sequence[Item]]:
        """Every row of a table, a page at a time.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def get(self, names: Iterable[Name]) -> Mapping[Name, Item]:
        """Those of the named rows that exist, as of now.

        Raises:
            DependencyError: the store did not answer.
        """
        ...


class StoredTables:
    """The tables in DynamoDB.

    Args:
        client: for what the port does not offer, reading a whole table.
        names: logical to physical table name.
    """

    def __init__(self, tables: Tables, client: Any, names: Mapping[str, str]) -> None:
        self._tables, self._client, self._names = tables, client, names

    def pages(self, table: str) -> Iterator[Sequence[Item]]:
        """Every row, strongly consistent page by page.

        Raises:
            DependencyError: DynamoDB did not answer.
        """
        request: dict[str, Any] = {
            "TableName": self._names[table],
            "ConsistentRead": True,
            "Limit": _PAGE,
        }
        yield from self._read(table, self._client.scan, request)

    def _read(
        self, table: str, ask: Callable[..., Any], request: dict[str, Any]
    ) -> Iterator[Sequence[Item]]:
        while True:
            try:
                answer = ask(**request)
            except (ClientError, BotoCoreError) as error:
                raise DependencyError(f"DynamoDB: cannot read {table}: {error}") from error
            yield [from_attributes(item) for item in answer.get("Items", [])]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def related(self, table: str, value: str, index: str | None = None) -> Iterator[Sequence[Item]]:
        """Every row with this partition key, of the table or of an index, a page at a time.

        An index may lag behind the table by a moment.

        Raises:
            DependencyError: DynamoDB did not answer.
        """
        schema = TABLES[table]
        by_name = {found.name: found.partition for found in schema.indexes}
        request: dict[str, Any] = {
            "TableName": self._names[table],
            "KeyConditionExpression": "#k = :v",
            "ExpressionAttributeNames": {"#k": by_name[index] if index else schema.partition},
            "ExpressionAttributeValues": to_attributes({":v": value}),
            "Limit": _PAGE,
        }
        request |= {"IndexName": index} if index else {"ConsistentRead": True}
        yield from self._read(table, self._client.query, request)

    def get(self, names: Iterable[Name]) -> Mapping[Name, Item]:
        """Those of the named rows that exist.

        Raises:
            DependencyError: DynamoDB did not answer.
        """
        return by_name(self._tables, names)


def by_name(tables: Tables, names: Iterable[Name]) -> dict[Name, Item]:
    """Rows by their names, a hundred per call; a name with an empty part is no row's."""
    wanted = [name for name in dict.fromkeys(names) if all(name[1])]
    found: dict[Name, Item] = {}
    for start in range(0, len(wanted), _BATCH):
        keys = [
            (table, dict(zip(TABLES[table].key_names(), key, strict=True)))
            for table, key in wanted[start : start + _BATCH]
        ]
        rows = tables.get_many(keys)
        found |= {
            name_of(table, row): row
            for (table, _key), row in zip(keys, rows, strict=True)
            if row is not None
        }
    return found
