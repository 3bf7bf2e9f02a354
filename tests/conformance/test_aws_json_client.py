"""Our client of AWS's JSON protocol against what services answer, good and bad, and beside botocore."""

import json
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import urllib3

from shared.adapters.aws.botocore_client import BotocoreClient
from shared.adapters.aws.credentials import (
    REFRESH_BEFORE,
    ContainerCredentials,
    Credentials,
    EnvironmentCredentials,
    credentials,
)
from shared.adapters.aws.errors import (
    AwsCredentialsError,
    AwsRefusedError,
    AwsUnreachableError,
)
from shared.adapters.aws.json_client import DYNAMODB, SSM, JsonClient
from shared.runtime import clients
from tests.conformance.endpoint import Answer, Endpoint, Seen, in_turn
from tests.fakes.clock import ManualClock
from tests.services import Services

KEYS = Credentials("AKIA", "secret", "token")
KEY = {"TableName": "stock", "Key": {"sku": {"S": "mug"}}}
URI, TOKEN = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    pool = urllib3.PoolManager(maxsize=1, block=True)
    yield pool
    pool.clear()


@pytest.fixture
def client(endpoint: Endpoint, pool: urllib3.PoolManager, clock: ManualClock) -> JsonClient:
    return JsonClient(
        DYNAMODB,
        endpoint.url,
        "eu-central-1",
        pool=pool,
        credentials=lambda: KEYS,
        clock=clock,
        jitter=lambda: 1.0,
    )


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, data, {"x-amz-crc32": str(zlib.crc32(data)), **headers})


def refusal(code: str, status: int = 400) -> Answer:
    return answer({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "m"}, status)


# ------------------------------------------------------------------ what is asked
def test_a_call_is_one_signed_post_in_the_services_own_json(
    client: JsonClient, endpoint: Endpoint
) -> None:
    endpoint.respond = in_turn(answer({"Item": {"n": {"N": "1"}}}))

    assert client.call("GetItem", KEY) == {"Item": {"n": {"N": "1"}}}

    (seen,) = endpoint.seen
    assert (seen.method, seen.path) == ("POST", "/")
    assert json.loads(seen.body) == KEY
    assert seen.headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert seen.headers["content-type"] == "application/x-amz-json-1.0"
    assert seen.headers["x-amz-security-token"] == "token"
    assert seen.headers["host"] == endpoint.url.removeprefix("http://")
    assert "secret" not in str(seen.headers)


def test_calls_share_one_connection(client: JsonClient, endpoint: Endpoint) -> None:
    endpoint.respond = lambda _seen: answer({})

    for _ in range(5):
        client.call("GetItem", KEY)

    assert len({seen.caller for seen in endpoint.seen}) == 1


def test_the_trace_that_lambda_names_goes_with_the_call(
    client: JsonClient, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.respond = lambda _seen: answer({})

    client.call("GetItem", KEY)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Sampled=1")
    client.call("GetItem", KEY)

    traces = [seen.headers.get("x-amzn-trace-id") for seen in endpoint.seen]
    assert traces == [None, "Root=1-2-3;Sampled=1"]


# ------------------------------------------------------------------ what is answered
@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"],
)
def test_what_passes_is_tried_once_more_and_then_told(
    client: JsonClient, endpoint: Endpoint, clock: ManualClock, code: str
) -> None:
    endpoint.respond = in_turn(refusal(code), answer({"ok": 1}))
    assert client.call("PutItem", {}) == {"ok": 1}
    assert clock.slept == [DYNAMODB.first_pause]

    endpoint.respond = in_turn(refusal(code))
    with pytest.raises(AwsRefusedError, match=code):
        client.call("PutItem", {})

    assert len(endpoint.seen) == 2 + DYNAMODB.attempts


@pytest.mark.parametrize(
    "code", ["ConditionalCheckFailedException", "ValidationException", "ExpiredTokenException"]
)
def test_a_decided_refusal_is_told_at_once(
    client: JsonClient, endpoint: Endpoint, code: str
) -> None:
    endpoint.respond = lambda _seen: refusal(code)

    with pytest.raises(AwsRefusedError) as raised:
        client.call("PutItem", {})

    assert raised.value.code == code
    assert str(raised.value) == code
    assert len(endpoint.seen) == 1


@pytest.mark.parametrize(
    "bad",
    [
        Answer(lost=True),
        Answer(200, b'{"Item": {', {}),
        Answer(200, b"<html>a proxy</html>", {}),
        Answer(200, b"[1]", {}),
        Answer(200, b'{"Item": {}}', {"x-amz-crc32": "1"}),
        Answer(502, b"<html>bad gateway</html>", {}),
        Answer(503, b"", {}),
        Answer(500, b'{"message": "no type"}', {}),
    ],
)
def test_no_readable_answer_is_tried_once_more_and_then_no_answer(
    client: JsonClient, endpoint: Endpoint, bad: Answer
) -> None:
    endpoint.respond = in_turn(bad, answer({"ok": 1}))
    assert client.call("PutItem", {}) == {"ok": 1}

    endpoint.respond = in_turn(bad)
    with pytest.raises(AwsUnreachableError):
        client.call("PutItem", {})


def test_a_redirection_is_not_followed(client: JsonClient, endpoint: Endpoint) -> None:
    endpoint.respond = lambda _seen: Answer(307, b"", {"location": f"{endpoint.url}/elsewhere"})

    with pytest.raises(AwsRefusedError, match="307"):
        client.call("GetItem", KEY)

    assert [seen.path for seen in endpoint.seen] == ["/"]


def test_a_connection_that_idled_away_is_opened_again(
    client: JsonClient, endpoint: Endpoint
) -> None:
    closing = {"connection": "close"}
    endpoint.respond = lambda _seen: Answer(200, b"{}", closing)

    client.call("GetItem", KEY)
    client.call("GetItem", KEY)

    assert len({seen.caller for seen in endpoint.seen}) == 2


def test_each_attempt_carries_the_same_request_under_a_new_signature(
    client: JsonClient, endpoint: Endpoint, clock: ManualClock
) -> None:
    answers = in_turn(Answer(lost=True), answer({}))

    def after_a_while(seen: Seen) -> Answer:
        clock.advance(1)
        return answers(seen)

    endpoint.respond = after_a_while

    client.call("TransactWriteItems", {"ClientRequestToken": "t-1"})

    first, second = endpoint.seen
    assert first.body == second.body
    assert first.headers["x-amz-date"] != second.headers["x-amz-date"]


def test_parameters_are_asked_for_more_often_and_with_growing_pauses(
    endpoint: Endpoint, pool: urllib3.PoolManager, clock: ManualClock
) -> None:
    """Many processes that start at once are throttled together."""
    client = JsonClient(
        SSM,
        endpoint.url,
        "eu-central-1",
        pool=pool,
        credentials=lambda: KEYS,
        clock=clock,
        jitter=lambda: 1.0,
    )
    endpoint.respond = in_turn(*[refusal("ThrottlingException")] * 3, answer({"Parameters": []}))

    assert client.call("GetParameters", {"Names": ["/a"]}) == {"Parameters": []}

    assert clock.slept == [0.2, 0.4, 0.8]
    assert endpoint.seen[0].headers["content-type"] == "application/x-amz-json-1.1"
    assert endpoint.seen[0].headers["x-amz-target"] == "AmazonSSM.GetParameters"


# ------------------------------------------------------------------ beside botocore
@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, {"__type": "a.b#ConditionalCheckFailedException", "Item": {"n": {"N": "1"}}}, {}),
        (400, {"__type": "ValidationException"}, {}),
        (400, {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "m"}, {}),
        (
            400,
            {
                "__type": "a#TransactionCanceledException",
                "CancellationReasons": [
                    {"Code": "None"},
                    {"Code": "ConditionalCheckFailed", "Item": {"s": {"S": "é"}}},
                ],
            },
            {},
        ),
        (400, b"", {}),
        (413, b"too large", {}),
        (500, {"__type": "a#InternalServerError"}, {}),
        (503, b"<html>", {}),
        (200, {"Item": {"l": {"L": [{"NULL": True}, {"BOOL": False}]}}}, {}),
    ],
)
def test_both_clients_make_the_same_of_an_answer(
    services: Services,
    client: JsonClient,
    endpoint: Endpoint,
    status: int,
    body: Any,
    headers: dict[str, str],
) -> None:
    endpoint.respond = lambda _seen: answer(body, status, **headers)
    oracle = BotocoreClient(services.client("dynamodb", endpoint_url=endpoint.url))

    ours, theirs = (
        made_of(each, "PutItem", {"TableName": "stock", "Item": {"sku": {"S": "mug"}}})
        for each in (client, oracle)
    )

    assert ours == theirs


def made_of(client: JsonClient | BotocoreClient, operation: str, request: dict[str, Any]) -> Any:
    known = ("Item", "CancellationReasons")
    try:
        found = client.call(operation, request)
    except AwsRefusedError as refused:
        # botocore names what has no name by its status; a server's failure is none of either.
        code = "5xx" if refused.code in {"500", "502", "503"} else refused.code
        return code, {name: refused.answer[name] for name in known if name in refused.answer}
    except AwsUnreachableError:
        return "5xx", {}
    return {name: found[name] for name in known if name in found and operation == "GetItem"}


# ------------------------------------------------------------------ whose calls these are
def handed_out(number: int, expires: datetime) -> Answer:
    return answer(
        {
            "AccessKeyId": f"AKIA{number}",
            "SecretAccessKey": "s",
            "Token": "t",
            "Expiration": expires.isoformat().replace("+00:00", "Z"),
        }
    )


def container(
    endpoint: Endpoint, pool: urllib3.PoolManager, clock: ManualClock
) -> ContainerCredentials:
    environ = {URI: f"{endpoint.url}/creds", TOKEN: "let-me-in"}
    found = credentials(environ, pool, clock)
    assert isinstance(found, ContainerCredentials)
    return found


def test_credentials_of_a_restored_function_are_renewed_before_they_end(
    endpoint: Endpoint, pool: urllib3.PoolManager, clock: ManualClock
) -> None:
    start = clock.now()
    end = start + timedelta(hours=1)
    endpoint.respond = in_turn(handed_out(1, end), handed_out(2, end + timedelta(hours=1)))
    held = container(endpoint, pool, clock)

    assert [held().access_key, held().access_key] == ["AKIA1", "AKIA1"]
    assert endpoint.seen[0].headers["authorization"] == "let-me-in"

    clock.advance((end - start - REFRESH_BEFORE).total_seconds())
    assert held().access_key == "AKIA2"
    assert len(endpoint.seen) == 2


def test_credentials_that_are_still_good_are_used_while_no_new_ones_come(
    endpoint: Endpoint, pool: urllib3.PoolManager, clock: ManualClock
) -> None:
    end = clock.now() + timedelta(hours=1)
    endpoint.respond = in_turn(handed_out(1, end), Answer(500))
    held = container(endpoint, pool, clock)
    held()

    clock.advance(3590)
    assert held().access_key == "AKIA1"
    clock.advance(20)
    with pytest.raises(AwsCredentialsError, match="HTTP 500"):
        held()


@pytest.mark.parametrize(
    "bad",
    [
        Answer(404),
        Answer(lost=True),
        answer({"AccessKeyId": "A"}),
        answer(b"no json"),
        answer({"AccessKeyId": "A", "SecretAccessKey": "s", "Token": "t", "Expiration": "soon"}),
    ],
)
def test_an_endpoint_without_credentials_is_told_without_its_answer(
    endpoint: Endpoint, pool: urllib3.PoolManager, clock: ManualClock, bad: Answer
) -> None:
    endpoint.respond = in_turn(bad)

    with pytest.raises(AwsCredentialsError, match="the credentials' endpoint"):
        container(endpoint, pool, clock)()


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/creds",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "http://169.254.169.254/",
    ],
)
def test_credentials_come_from_no_host_in_the_clear_but_this_machines_and_awss(
    pool: urllib3.PoolManager, clock: ManualClock, url: str
) -> None:
    with pytest.raises(AwsCredentialsError, match=URI):
        credentials({URI: url}, pool, clock)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9001/c", "http://[::1]/c", "http://169.254.170.23/v1", "https://x.y/z"],
)
def test_this_machine_and_awss_own_endpoints_are_asked(
    pool: urllib3.PoolManager, clock: ManualClock, url: str
) -> None:
    assert isinstance(credentials({URI: url}, pool, clock), ContainerCredentials)


def test_the_environment_gives_credentials_as_they_are_now(
    pool: urllib3.PoolManager, clock: ManualClock
) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}
    found = credentials(environ, pool, clock)

    assert isinstance(found, EnvironmentCredentials)
    assert found() == Credentials("A", "s", "")
    environ["AWS_SESSION_TOKEN"] = "t"
    assert found() == Credentials("A", "s", "t")
    del environ["AWS_SECRET_ACCESS_KEY"]
    with pytest.raises(AwsCredentialsError, match="AWS_SECRET_ACCESS_KEY"):
        found()


# ------------------------------------------------------------------ which client
@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    clients.forget()
    yield monkeypatch
    clients.forget()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (clients.SWITCH, "botocore"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "TRUE"),
        ("AWS_REGION", "us-iso-east-1"),
    ],
)
def test_botocore_comes_back_where_it_is_asked_for_or_knows_more(
    environ: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert isinstance(clients.aws("dynamodb"), JsonClient)
    clients.forget()
    environ.setenv(name, value)

    assert isinstance(clients.aws("dynamodb"), BotocoreClient)


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({}, "dynamodb.eu-central-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "us-gov-west-1"}, "dynamodb.us-gov-west-1.amazonaws.com"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "sa-east-1"}, "dynamodb.sa-east-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9/"}, "127.0.0.1"),
        (
            {
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                "AWS_ENDPOINT_URL_DYNAMODB": "http://[::1]:8",
            },
            "::1",
        ),
    ],
)
def test_the_address_is_the_one_that_botocore_would_call(
    environ: pytest.MonkeyPatch, variables: dict[str, str], host: str
) -> None:
    for name, value in variables.items():
        environ.setenv(name, value)

    assert host_of(clients.aws("dynamodb")) == host


def host_of(client: Any) -> str:
    return str(client._pool.host).strip("[]")
