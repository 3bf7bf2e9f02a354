"""The AWS emulator as a process that is killed: what it answered for is there afterwards."""

import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import aws, ports, processes
from local.stack.home import Home
from local.stack.polling import wait_for
from local.stack.processes import Process, StartError

TABLE = "things"
MAIL = {
    "FromEmailAddress": "shop@shop.example",
    "Destination": {"ToAddresses": ["ada@example.com"]},
    "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
}


@dataclass
class Emulator:
    """One emulator after the other, on the same port and the same state."""

    home: Home
    port: int
    process: Process | None = None
    clients: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        return aws.endpoint(self.port)

    @property
    def journal(self) -> Path:
        (path,) = (self.home.state / "aws").glob("changes-*.jsonl")
        return path

    @property
    def snapshot(self) -> Path:
        return self.home.state / "aws" / "snapshot.json"

    def start(self) -> None:
        settings = aws.process_environment(self.home, self.port, {aws.IAM_VARIABLE: "off"})
        self.process = processes.start("aws", aws.command(), self.home, settings)
        processes.wait_until(lambda: aws.is_ready(self.port), self.process, 60)

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.exit_code()

    def stop(self) -> None:
        processes.stop([self.process] if self.process else [], self.home)

    def client(self, service: str) -> Any:
        self.clients.append(aws.client(service, self.url))
        return self.clients[-1]

    def install(self) -> None:
        """A table, a sender and a parameter: an installation, complete."""
        self.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.client("sesv2").create_email_identity(EmailIdentity="shop.example")
        self.put_parameter("old")
        aws.keep(self.url)

    def put_parameter(self, value: str) -> None:
        self.client("ssm").put_parameter(Name="/p", Value=value, Type="String", Overwrite=True)

    def parameter(self) -> str:
        value: str = self.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"]
        return value

    def put(self, key: str, **attributes: str) -> None:
        item = {name: {"S": value} for name, value in {"id": key, **attributes}.items()}
        self.client("dynamodb").put_item(TableName=TABLE, Item=item)

    def rows(self) -> dict[str, dict[str, str]]:
        items = self.client("dynamodb").scan(TableName=TABLE)["Items"]
        plain = [{name: value["S"] for name, value in item.items()} for item in items]
        return {item.pop("id"): item for item in plain}

    def mails(self) -> int:
        answer = httpx.get(f"{self.url}/_ministack/ses/messages").json()["messages"]
        return sum(len(mails) for mails in answer.values())

    def texts(self) -> str:
        return httpx.get(f"{self.url}/_ministack/sns/sms-messages").text


@pytest.fixture
def emulator(home: Home) -> Iterator[Emulator]:
    emulator = Emulator(home, ports.choose("", {}))
    emulator.start()
    yield emulator
    emulator.stop()
    for client in emulator.clients:
        client.close()


def test_rows_mails_and_texts_survive_being_killed(emulator):
    emulator.install()
    dynamodb = emulator.client("dynamodb")
    emulator.put("kept", state="first")
    emulator.put("gone")
    dynamodb.update_item(
        TableName=TABLE,
        Key={"id": {"S": "kept"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "second"}},
    )
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": TABLE, "Item": {"id": {"S": "together"}}}},
            {"Delete": {"TableName": TABLE, "Key": {"id": {"S": "gone"}}}},
        ]
    )
    emulator.client("sesv2").send_email(**MAIL)
    emulator.client("sns").publish(PhoneNumber="+491700000000", Message="on its way")

    emulator.kill()
    emulator.start()

    assert emulator.rows() == {"kept": {"state": "second"}, "together": {}}
    assert emulator.mails() == 1
    assert "on its way" in emulator.texts()


def test_being_killed_again_and_again_loses_and_doubles_nothing(emulator):
    emulator.install()
    for number in range(3):
        emulator.put(f"row-{number}")
        emulator.client("sesv2").send_email(**MAIL)
        emulator.kill()
        emulator.start()

    assert set(emulator.rows()) == {"row-0", "row-1", "row-2"}
    assert emulator.mails() == 3


def test_half_a_line_at_the_end_costs_nothing_that_was_answered_for(emulator):
    emulator.install()
    emulator.put("answered")
    emulator.kill()
    with emulator.journal.open("ab") as file:
        file.write(b'[["row",["arn:aws:dynamodb:us-east-1:0000')

    emulator.start()

    assert set(emulator.rows()) == {"answered"}


def test_a_change_of_the_installation_is_kept_a_moment_after_it(emulator):
    emulator.install()
    before = emulator.journal.name
    emulator.put_parameter("new")
    wait_for(lambda: emulator.journal.name != before, "the installation is kept", limit=15)
    emulator.kill()

    emulator.start()

    assert emulator.parameter() == "new"


def test_half_a_deployment_is_never_kept_but_rows_are(emulator):
    emulator.install()
    aws.begin_deployment(emulator.url)
    emulator.put_parameter("half")
    emulator.put("meanwhile")
    emulator.stop()

    emulator.start()

    assert emulator.parameter() == "old"
    assert set(emulator.rows()) == {"meanwhile"}


def test_one_that_ends_in_peace_keeps_its_log_lines_too(emulator):
    emulator.install()
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": "said"}
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
    emulator.stop()

    emulator.start()

    events = emulator.client("logs").filter_log_events(logGroupName="g")["events"]
    assert [event["message"] for event in events] == ["said"]


def test_letters_that_were_forgotten_do_not_come_back(emulator):
    emulator.install()
    emulator.client("sesv2").send_email(**MAIL)
    emulator.put("stays")
    aws.forget_messages(emulator.url)
    emulator.client("sesv2").send_email(**MAIL)
    emulator.kill()

    emulator.start()

    assert emulator.mails() == 1
    assert set(emulator.rows()) == {"stays"}


def test_before_the_first_deployment_is_complete_nothing_is_kept(emulator):
    emulator.put_parameter("half")
    emulator.stop()

    assert not emulator.snapshot.exists()
    emulator.start()
    with pytest.raises(aws.KeepError, match="deployment"):
        aws.forget_messages(emulator.url)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda _: "[]",
        lambda text: text.replace('"format": 1', '"format": 99'),
    ],
    ids=["half", "something else", "a later format"],
)
def test_a_damaged_snapshot_is_refused_by_name_and_left_as_it_is(emulator, damage):
    emulator.install()
    emulator.stop()
    damaged = damage(emulator.snapshot.read_text())
    emulator.snapshot.write_text(damaged)

    with pytest.raises(StartError, match=r"snapshot\.json") as refused:
        emulator.start()

    assert "down --forget" in str(refused.value)
    assert emulator.snapshot.read_text() == damaged


def test_a_damaged_journal_is_refused_by_name_and_left_as_it_is(emulator):
    emulator.install()
    emulator.put("answered")
    emulator.kill()
    head, *rest = emulator.journal.read_text().splitlines(keepends=True)
    emulator.journal.write_text(head + "{broken\n" + "".join(rest))

    with pytest.raises(StartError, match="line 2 is damaged"):
        emulator.start()

    assert "{broken" in emulator.journal.read_text()


def test_what_is_kept_is_for_its_owner_only(emulator):
    emulator.install()

    for path in (emulator.snapshot, emulator.journal, emulator.home.state):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_function_runs_after_its_emulator_was_killed_with_the_code_it_had(emulator, tmp_path):
    emulator.install()
    functions = emulator.client("lambda")
    role = emulator.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    created = functions.create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="main.handler",
        Code={"ZipFile": _archive("def handler(event, context): return 'first'")},
    )
    aws.keep(emulator.url)
    functions.update_function_code(
        FunctionName="f", ZipFile=_archive("def handler(event, context): return 'second'")
    )
    aws.keep(emulator.url)
    emulator.kill()

    emulator.start()

    answer = emulator.client("lambda").invoke(FunctionName="f")
    assert json.loads(answer["Payload"].read()) == "second"
    assert created["FunctionName"] == "f"
    blobs = list((emulator.home.state / "aws" / "lambda-blobs").iterdir())
    assert len(blobs) == 1, "the code that nothing names any more is gone"


def _archive(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", source)
    return buffer.getvalue()
