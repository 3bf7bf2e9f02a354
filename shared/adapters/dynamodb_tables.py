"""The ``Tables`` port on DynamoDB."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from shared.adapters.attributes import from_attributes, to_attributes
from shared.adapters.aws.errors import AwsError, AwsRefusedError
from shared.adapters.aws.port import AwsClient
from shared.adapters.expressions import request_of
from shared.kernel.errors import ContentionError, DependencyError
from shared.storage.schema import TABLES
from shared.storage.writes import Check, ConditionsFailed, FailedWrite, Item, Key, Write

_CONTENDED = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
    }
)
_CONTENDED_REASONS = frozenset(
    {"TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"}
)
# The request makes no sense: our own mistake. Retrying cannot help, the alarm must fire.
_NONSENSE = frozenset({"ValidationException", "SerializationException"})
_BATCH_ROUNDS = 4


def _unavailable(error: AwsError) -> NoReturn:
    raise DependencyError(f"DynamoDB: {error}") from error


def _old_item(source: Mapping[str, Any]) -> Item | None:
    item = source.get("Item")
    return from_attributes(item) if item else None


class DynamoDBTables:
    """Items in DynamoDB.

    Args:
        names: logical to physical table name.
        on_failure: told of every call that DynamoDB did not answer, for the metric.
        new_token: names a transaction, so that DynamoDB recognises a repeated request.
    """

    def __init__(
        self,
        client: AwsClient,
        names: Mapping[str, str],
        *,
        on_failure: Callable[[], None] = lambda: None,
        new_token: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._client, self._names, self._on_failure = client, names, on_failure
        self._new_token = new_token

    def get(self, table: str, key: Key) -> Item | None:
        """The item as of now.

        Raises:
            DependencyError: DynamoDB did not answer.
        """
        request = {
            "TableName": self._names[table],
            "Key": to_attributes(key),
            "ConsistentRead": True,
        }
        return _old_item(self._read("GetItem", request))

    def get_many(self, keys: Sequence[tuple[str, Key]]) -> list[Item | None]:
        """Items of any tables in one call, in the order asked.

        Raises:
            DependencyError: DynamoDB did not answer, or kept some keys for later too often.
        """
        wanted: dict[str, dict[str, Any]] = {}
        for table, key in dict.fromkeys((t, tuple(sorted(k.items()))) for t, k in keys):
            entry = wanted.setdefault(self._names[table], {"Keys": [], "ConsistentRead": True})
            entry["Keys"].append(to_attributes(dict(key)))
        found: dict[tuple[str, tuple[str, ...]], Item] = {}
        for _ in range(_BATCH_ROUNDS):
            if not wanted:
                return [found.get((table, _identity(table, key))) for table, key in keys]
            answer = self._read("BatchGetItem", {"RequestItems": wanted})
            for physical, items in answer.get("Responses", {}).items():
                table = self._logical(physical)
                for attributes in items:
                    item = from_attributes(attributes)
                    found[table, _identity(table, item)] = item
            wanted = answer.get("UnprocessedKeys") or {}
        if wanted:
            raise DependencyError("DynamoDB: BatchGetItem left keys unprocessed")
        return [found.get((table, _identity(table, key))) for table, key in keys]

    def query(
        self,
        table: str,
        value: str,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[Item]:
        """Items under one partition key, in sort key order.

        Raises:
            DependencyError: DynamoDB did not answer.
        """
        schema = TABLES[table]
        partition = schema.partition
        request: dict[str, Any] = {"TableName": self._names[table]}
        if index is None:
            request["ConsistentRead"] = True
        else:
            partition = next(i.partition for i in schema.indexes if i.name == index)
            request["IndexName"] = index
        request |= {
            "KeyConditionExpression": "#p = :p",
            "ExpressionAttributeNames": {"#p": partition},
            "ExpressionAttributeValues": {":p": {"S": value}},
            "ScanIndexForward": not newest_first,
        }
        found: list[Item] = []
        while True:  # a page ends at a megabyte, whatever the limit
            answer = self._read("Query", {**request, "Limit": limit - len(found)})
            found += [from_attributes(item) for item in answer.get("Items", [])]
            if "LastEvaluatedKey" not in answer or len(found) >= limit:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def transact(self, writes: Sequence[Write]) -> None:
        """Commit every write or none; a single write goes without the price of a transaction.

        Raises:
            ConditionsFailed: a condition did not hold.
            ContentionError: other writers hold the items; nothing was stored.
            DependencyError: no answer; the writes may or may not be stored.
        """
        requests = [request_of(write, self._names.__getitem__) for write in writes]
        try:
            if len(requests) == 1 and not isinstance(writes[0], Check):
                operation, request = requests[0]
                self._client.call(f"{operation}Item", request)
            else:
                items = [{operation: request} for operation, request in requests]
                # The same through all attempts of this call: a repeated one changes nothing more.
                token = self._new_token()
                self._client.call(
                    "TransactWriteItems", {"TransactItems": items, "ClientRequestToken": token}
                )
        except AwsRefusedError as refused:
            self._refused(refused)
        except AwsError as error:
            self._on_failure()
            _unavailable(error)

    def _refused(self, error: AwsRefusedError) -> NoReturn:
        code = error.code
        if code == "ConditionalCheckFailedException":
            raise ConditionsFailed([FailedWrite(0, _old_item(error.answer))]) from None
        if code == "TransactionCanceledException":
            self._cancelled(error)
        if code in _CONTENDED:
            raise ContentionError(f"DynamoDB: {code}") from error
        if code in _NONSENSE:
            raise error
        self._on_failure()
        _unavailable(error)

    def _cancelled(self, error: AwsRefusedError) -> NoReturn:
        reasons: list[dict[str, Any]] = error.answer.get("CancellationReasons", [])
        failures = [
            FailedWrite(index, _old_item(reason))
            for index, reason in enumerate(reasons)
            if reason.get("Code") == "ConditionalCheckFailed"
        ]
        if failures:
            raise ConditionsFailed(failures) from None
        codes = sorted({str(reason.get("Code")) for reason in reasons} - {"None"})
        if codes and not set(codes) <= _CONTENDED_REASONS:
            raise error
        raise ContentionError(f"DynamoDB: {', '.join(codes) or 'transaction cancelled'}") from error

    def _read(self, operation: str, request: dict[str, Any]) -> Mapping[str, Any]:
        try:
            return self._client.call(operation, request)
        except AwsError as error:
            if isinstance(error, AwsRefusedError) and error.code in _NONSENSE:
                raise
            self._on_failure()
            _unavailable(error)

    def _logical(self, physical: str) -> str:
        return next(name for name, real in self._names.items() if real == physical)


def _identity(table: str, item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(item[name]) for name in TABLES[table].key_names())
