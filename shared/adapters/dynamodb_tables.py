"""The ``Tables`` port on DynamoDB, through botocore's plain client."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Protocol

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from shared.adapters.attributes import from_attributes, to_attributes
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


class DynamoDBClient(Protocol):
    """The operations used, as botocore's client offers them."""

    def get_item(self, **request: Any) -> dict[str, Any]:
        """GetItem."""
        ...

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """BatchGetItem."""
        ...

    def query(self, **request: Any) -> dict[str, Any]:
        """Query."""
        ...

    def put_item(self, **request: Any) -> dict[str, Any]:
        """PutItem."""
        ...

    def update_item(self, **request: Any) -> dict[str, Any]:
        """UpdateItem."""
        ...

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """DeleteItem."""
        ...

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """TransactWriteItems."""
        ...


def _unavailable(error: Exception) -> NoReturn:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
    raise DependencyError(f"DynamoDB: {code or type(error).__name__}") from error


def _old_item(source: Mapping[str, Any]) -> Item | None:
    item = source.get("Item")
    return from_attributes(item) if item else None


class DynamoDBTables:
    """Items in DynamoDB.

    Args:
        names: logical to physical table name.
        on_failure: told of every call that DynamoDB did not answer, for the metric.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        names: Mapping[str, str],
        *,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._client, self._names, self._on_failure = client, names, on_failure

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
        return _old_item(self._read(self._client.get_item, request))

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
            answer = self._read(self._client.batch_get_item, {"RequestItems": wanted})
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
            answer = self._read(self._client.query, {**request, "Limit": limit - len(found)})
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
                self._single(*requests[0])
            else:
                items = [{operation: request} for operation, request in requests]
                self._client.transact_write_items(TransactItems=items)
        except ClientError as error:
            self._refused(error)
        except ParamValidationError:
            raise  # our own mistake: retrying cannot help, the alarm must fire
        except BotoCoreError as error:
            self._on_failure()
            _unavailable(error)

    def _single(self, operation: str, request: dict[str, Any]) -> None:
        call = {
            "Put": self._client.put_item,
            "Update": self._client.update_item,
            "Delete": self._client.delete_item,
        }[operation]
        call(**request)

    def _refused(self, error: ClientError) -> NoReturn:
        code = error.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException":
            raise ConditionsFailed([FailedWrite(0, _old_item(error.response))]) from None
        if code == "TransactionCanceledException":
            self._cancelled(error)
        if code in _CONTENDED:
            raise ContentionError(f"DynamoDB: {code}") from error
        if code in _NONSENSE:
            raise error
        self._on_failure()
        _unavailable(error)

    def _cancelled(self, error: ClientError) -> NoReturn:
        reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])
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

    def _read(self, call: Callable[..., dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
        try:
            return call(**request)
        except ParamValidationError:
            raise  # our own mistake
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError):
                code = error.response["Error"]["Code"]
                if code in _NONSENSE:
                    raise
            self._on_failure()
            _unavailable(error)

    def _logical(self, physical: str) -> str:
        return next(name for name, real in self._names.items() if real == physical)


def _identity(table: str, item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(item[name]) for name in TABLES[table].key_names())
