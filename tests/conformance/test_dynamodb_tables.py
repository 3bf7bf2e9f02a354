"""What only DynamoDB can do to us: throttle, conflict, lose a reply, hold keys back, be away."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.exceptions import ParamValidationError

from shared.adapters.aws.errors import AwsRefusedError
from shared.adapters.aws.json_client import DYNAMODB
from shared.adapters.aws.port import AwsClient
from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.kernel.errors import ContentionError, DependencyError
from shared.runtime import clients
from shared.storage.writes import (
    Absent,
    AtLeast,
    ConditionsFailed,
    Item,
    Present,
    Put,
    Update,
    Write,
)
from tests.conformance.endpoint import Answer, Endpoint, Respond, Seen, in_turn
from tests.conformance.messages import forwarding
from tests.services import Services, aws_environment, product_clients, unique


class Between:
    """The functions' own client, with an endpoint between it and the emulator."""

    def __init__(
        self, client: AwsClient, names: dict[str, str], endpoint: Endpoint, onward: Respond
    ) -> None:
        self.tables = DynamoDBTables(client, names, on_failure=self.failed)
        self.endpoint, self.onward = endpoint, onward
        self.failures = 0

    def answer(self, *answers: Answer) -> None:
        """Answer like this, in turn, without asking the emulator."""
        self.endpoint.respond = in_turn(*answers)

    def lose_replies(self, count: int) -> None:
        """Let so many requests take effect without anybody hearing of it."""
        left = [None] * count

        def respond(seen: Seen) -> Answer:
            answer = self.onward(seen)
            return (left.pop(), Answer(lost=True))[1] if left else answer

        self.endpoint.respond = respond

    def operations(self) -> list[str]:
        return [seen.headers["x-amz-target"].rpartition(".")[2] for seen in self.endpoint.seen]

    def failed(self) -> None:
        self.failures += 1


@pytest.fixture(scope="module", params=["ours", "botocore"])
def watched(
    services: Services, request: pytest.FixtureRequest
) -> Iterator[tuple[AwsClient, Endpoint]]:
    """What the functions have, and what they have where the switch brings botocore back."""
    endpoint = Endpoint()
    told = {"AWS_ENDPOINT_URL": endpoint.url, clients.SWITCH: request.param}
    with product_clients(aws_environment(services) | told):
        yield clients.aws("dynamodb"), endpoint
    endpoint.close()


@pytest.fixture
def between(
    services: Services,
    physical_names: dict[str, str],
    watched: tuple[AwsClient, Endpoint],
    monkeypatch: pytest.MonkeyPatch,
) -> Between:
    # botocore's own pause before its one repetition, up to a second each time.
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
    client, endpoint = watched
    endpoint.reset()
    onward = endpoint.respond = forwarding(services.aws_url)
    return Between(client, physical_names, endpoint, onward)


def error(code: str, status: int = 400, **more: Any) -> Answer:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **more}
    return Answer(status, json.dumps(body).encode())


def cancelled(*codes: str) -> Answer:
    reasons = [{"Code": code} for code in codes]
    return error("TransactionCanceledException", CancellationReasons=reasons)


def two_puts() -> list[Write]:
    return [Put("stock", {"sku": unique("d")}, when=(Absent(),)) for _ in range(2)]


# ------------------------------------------------------------------ lost replies
def test_a_transaction_whose_reply_is_lost_is_repeated_under_its_token_and_counts_once(
    between: Between,
) -> None:
    key = {"sku": unique("d")}
    between.tables.transact([Put("stock", {**key, "available": 5})])
    between.endpoint.seen.clear()
    between.lose_replies(1)

    between.tables.transact(
        [
            Update("stock", key, add={"available": -2}, when=(AtLeast("available", 1),)),
            Put("stock", {"sku": unique("d")}, when=(Absent(),)),
        ]
    )

    tokens = [json.loads(seen.body)["ClientRequestToken"] for seen in between.endpoint.seen]
    assert len(tokens) == 2
    assert len(set(tokens)) == 1
    assert between.tables.get("stock", key) == {**key, "available": 3}


def test_a_transaction_that_is_never_heard_of_is_a_dependency_error_although_stored(
    between: Between,
) -> None:
    writes = two_puts()
    between.lose_replies(2)

    with pytest.raises(DependencyError):
        between.tables.transact(writes)

    assert between.operations() == ["TransactWriteItems"] * 2
    assert between.failures == 1
    assert between.tables.get("stock", {"sku": writes[0].item["sku"]})  # type: ignore[union-attr,dict-item]


def test_a_single_write_whose_reply_is_lost_meets_itself(between: Between) -> None:
    item = {"sku": unique("d"), "token": "mine"}
    between.lose_replies(1)

    with pytest.raises(ConditionsFailed) as refused:
        between.tables.transact([Put("stock", item, when=(Absent(),))])

    assert [(f.index, f.current) for f in refused.value.failures] == [(0, item)]


@pytest.mark.parametrize("read", ["get", "get_many", "query"])
def test_a_read_whose_reply_is_lost_is_repeated(between: Between, read: str) -> None:
    key = {"sku": unique("d"), "movementId": "m"}
    between.tables.transact([Put("movements", key)])
    between.lose_replies(1)

    found = reading(between.tables, read, key)

    assert found in (key, [key])


# ------------------------------------------------------------------ throttled, conflicting, away
@pytest.mark.parametrize(
    "answer",
    [
        cancelled("None", "TransactionConflict"),
        cancelled("ThrottlingError", "ProvisionedThroughputExceeded"),
        error("TransactionInProgressException"),
        error("ProvisionedThroughputExceededException"),
        error("ThrottlingException"),
        error("RequestLimitExceeded"),
    ],
    ids=lambda answer: answer.body.decode()[38:90],
)
def test_writers_in_each_others_way_are_contention(between: Between, answer: Answer) -> None:
    between.answer(answer)

    with pytest.raises(ContentionError):
        between.tables.transact(two_puts())

    assert len(between.endpoint.seen) <= 2


def test_a_conflict_on_a_single_write_is_contention(between: Between) -> None:
    between.answer(error("TransactionConflictException"))

    with pytest.raises(ContentionError):
        between.tables.transact(two_puts()[:1])


def test_a_condition_outweighs_a_conflict_beside_it(between: Between) -> None:
    between.answer(cancelled("TransactionConflict", "ConditionalCheckFailed"))

    with pytest.raises(ConditionsFailed) as refused:
        between.tables.transact(two_puts())

    assert [failure.index for failure in refused.value.failures] == [1]


TROUBLE = [error("InternalServerError", 500), Answer(503), error("AccessDeniedException")]


@pytest.mark.parametrize("answer", TROUBLE, ids=["internal", "unavailable", "denied"])
@pytest.mark.parametrize("call", ["get", "get_many", "query", "transact", "single"])
def test_no_answer_to_any_call_is_a_dependency_error_and_counted_once(
    between: Between, answer: Answer, call: str
) -> None:
    between.answer(answer)

    with pytest.raises(DependencyError) as raised:
        reading(between.tables, call, {"sku": "s", "movementId": "m"})

    assert type(raised.value) is DependencyError
    assert between.failures == 1
    assert len(between.endpoint.seen) <= 2


@pytest.mark.parametrize("read", ["get", "get_many", "query"])
def test_a_throttled_read_is_a_dependency_error(between: Between, read: str) -> None:
    between.answer(error("ProvisionedThroughputExceededException"))

    with pytest.raises(DependencyError):
        reading(between.tables, read, {"sku": "s", "movementId": "m"})


def test_a_store_that_cannot_be_reached_is_a_dependency_error(
    services: Services, physical_names: dict[str, str]
) -> None:
    client = services.aws(DYNAMODB, endpoint_url="http://127.0.0.1:1")

    with pytest.raises(DependencyError):
        DynamoDBTables(client, physical_names).get("stock", {"sku": "s"})


# ------------------------------------------------------------------ keys held back
def held_back(between: Between, rounds: int) -> Respond:
    """The emulator's answers, but only the first key of each request for so many rounds."""
    left = [None] * rounds

    def respond(seen: Seen) -> Answer:
        if not left:
            return between.onward(seen)
        left.pop()
        request = json.loads(seen.body)
        ((table, wanted),) = request["RequestItems"].items()
        kept = {table: {**wanted, "Keys": wanted["Keys"][:1]}}
        rest = {table: {**wanted, "Keys": wanted["Keys"][1:]}}
        part = Seen(
            seen.method, seen.path, seen.headers, json.dumps({"RequestItems": kept}).encode()
        )
        part.headers["content-length"] = str(len(part.body))
        answer = json.loads(between.onward(part).body)
        return Answer(200, json.dumps({**answer, "UnprocessedKeys": rest}).encode())

    return respond


@pytest.mark.parametrize("rounds", [1, 3])
def test_keys_that_were_held_back_are_asked_for_again(between: Between, rounds: int) -> None:
    items: list[Item] = [{"sku": unique("d"), "n": n} for n in range(6)]
    between.tables.transact([Put("stock", item) for item in items])
    between.endpoint.seen.clear()
    between.endpoint.respond = held_back(between, rounds)

    found = between.tables.get_many([("stock", {"sku": str(item["sku"])}) for item in items])

    assert found == items
    assert len(between.endpoint.seen) == rounds + 1


def test_keys_that_are_held_back_for_ever_are_a_dependency_error(between: Between) -> None:
    items = [{"sku": unique("d")} for _ in range(9)]
    between.endpoint.respond = held_back(between, 100)

    with pytest.raises(DependencyError):
        between.tables.get_many([("stock", item) for item in items])

    assert len(between.endpoint.seen) < 10


def reading(tables: DynamoDBTables, call: str, key: dict[str, str]) -> Any:
    calls: dict[str, Callable[[], Any]] = {
        "get": lambda: tables.get("movements", key),
        "get_many": lambda: tables.get_many([("movements", key)]),
        "query": lambda: tables.query("movements", key["sku"]),
        "transact": lambda: tables.transact(two_puts()),
        "single": lambda: tables.transact([Put("stock", {"sku": "s"}, when=(Present(),))]),
    }
    return calls[call]()


def test_a_request_that_makes_no_sense_is_our_bug_and_no_outage(
    dynamodb_tables: DynamoDBTables, botocore_tables: DynamoDBTables
) -> None:
    with pytest.raises(AwsRefusedError, match="ValidationException"):
        dynamodb_tables.transact([])
    with pytest.raises(ParamValidationError):
        botocore_tables.transact([])


@pytest.mark.parametrize("code", ["ValidationException", "SerializationException"])
@pytest.mark.parametrize("call", ["get", "get_many", "query", "transact", "single"])
def test_what_only_the_service_finds_senseless_is_our_bug_too(
    between: Between, call: str, code: str
) -> None:
    """The functions' client does not check requests before it sends them: DynamoDB does."""
    refusal = {"__type": f"com.amazon.coral.service#{code}", "message": "no"}
    between.answer(Answer(400, json.dumps(refusal).encode()))

    with pytest.raises(AwsRefusedError):
        reading(between.tables, call, {"sku": unique("d"), "movementId": "m"})

    assert between.failures == 0
