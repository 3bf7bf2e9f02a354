"""The command line on a whole stack: it comes up once, and everything of it goes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from local.stack import aws, identity
from local.stack import home as homes
from local.stack.client import StackClient
from local.stack.home import Home
from local.stack.stackfile import Stack

pytestmark = pytest.mark.e2e


def command(home: Home, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "local", "--home", str(home.folder), *arguments]


def run(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(home, *arguments), cwd=homes.ROOT, capture_output=True, text=True, check=False
    )


def processes_of(home: Home) -> list[str]:
    """Command lines of everything that carries this home's mark, or writes to its logs."""
    mark = f"{homes.VARIABLE}={home.folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            marked = mark in (entry / "environ").read_bytes().split(b"\0")
            # Redis shows its title where its environment was.
            writes = (entry / "fd" / "1").readlink().is_relative_to(home.logs)
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        sighting = identity.look(int(entry.name))
        if (marked or writes) and sighting is not None and not sighting.is_zombie:
            found.append(line)
    return found


def _role_of(stack: Stack, function: str) -> Any:
    """A DynamoDB client that has what this function has."""
    config = aws.client("lambda", stack.aws.endpoint_url).get_function(FunctionName=function)
    session = aws.client("sts", stack.aws.endpoint_url).assume_role(
        RoleArn=config["Configuration"]["Role"], RoleSessionName="test"
    )["Credentials"]
    return boto3.client(
        "dynamodb",
        endpoint_url=stack.aws.endpoint_url,
        region_name=stack.aws.region,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


def _sample_order(home: Home) -> Any:
    client = StackClient.connect(Stack.load(home))
    try:
        return client.item("orders", orderId=client.order_id_for("pay_sample"))
    finally:
        client.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("stack"))
    yield home
    run(home, "down")


@pytest.fixture(scope="module")
def up(home):
    return run(home, "up")


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
class TestOneStack:
    """In this order: each test takes over the stack that the one before left."""

    def test_up_deploys_and_says_where_everything_is(self, up, home):
        stack = json.loads(home.stack_file.read_text())

        assert up.returncode == 0, up.stdout + up.stderr
        assert f"{stack['api_url']}/api/checkout" in up.stdout
        assert "\x1b" not in up.stdout

    def test_api_answers_a_plain_http_client(self, up, home):
        stack = json.loads(home.stack_file.read_text())

        answer = httpx.post(f"{stack['api_url']}/api/checkout", json={}, timeout=30)

        assert answer.status_code == 400, answer.text
        assert any("_worker.py" in line for line in processes_of(home)), "a function runs"

    def test_a_functions_role_allows_what_it_needs_and_nothing_else(self, up, home):
        stack = Stack.load(home)
        role = _role_of(stack, "order-pipeline-local-checkout")
        key = {"orderId": {"S": "ord_nobody"}}

        wanted = {stack.tables[name]: {"Keys": [key]} for name in ("checkouts", "orders")}
        assert not any(role.batch_get_item(RequestItems=wanted)["Responses"].values())
        for table in ("ledger", "notifications"):
            with pytest.raises(ClientError, match="not authorized"):
                role.batch_get_item(
                    RequestItems={stack.tables[table]: {"Keys": [{"id": {"S": "x"}}]}}
                )
        with pytest.raises(ClientError, match="not authorized"):
            role.put_item(TableName=stack.tables["orders"], Item=key)
        with pytest.raises(ClientError, match="not authorized"):
            role.delete_item(TableName=stack.tables["checkouts"], Key=key)

    def test_up_again_changes_nothing(self, up, home):
        before = home.stack_file.read_text()

        again = run(home, "up")

        assert again.returncode == 0
        assert "runs already" in again.stdout
        assert home.stack_file.read_text() == before

    def test_seed_again_adds_nothing(self, up, home):
        assert "0 of" in run(home, "seed").stdout

    def test_status_finds_all_of_it_running(self, up, home):
        status = run(home, "status")

        assert status.returncode == 0
        assert status.stdout.count("running") == 3

    def test_a_sample_is_sent_and_accepted_and_a_refusal_is_shown(self, up, home):
        sent = run(home, "send", "commands", "command.checkout")
        unknown = run(home, "send", "orders", "order.confirmed", "--set", "payload.orderId=ord_x")

        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert "200 OK" in sent.stdout
        assert unknown.returncode == 1
        assert "no payment of this shop can have ord_x" in unknown.stdout
        assert _sample_order(home)["status"] in {"PENDING", "CONFIRMED"}

    def test_status_shows_what_died_and_why(self, up, home):
        stack = json.loads(home.stack_file.read_text())
        os.kill(stack["pids"]["redis"], signal.SIGKILL)
        time.sleep(0.2)

        status = run(home, "status")

        assert status.returncode == 1
        assert "redis ended. The end of its log:" in status.stdout

    def test_up_mends_what_died_and_forgets_neither_orders_nor_addresses(self, up, home):
        before = json.loads(home.stack_file.read_text())
        os.kill(before["pids"]["aws"], signal.SIGKILL)
        time.sleep(0.2)

        mended = run(home, "up")

        after = json.loads(home.stack_file.read_text())
        assert mended.returncode == 0, mended.stdout + mended.stderr
        assert "Kept: orders" in mended.stdout
        assert "cdk" not in mended.stdout
        assert {**after, "pids": {}} == {**before, "pids": {}}
        assert _sample_order(home)["paymentId"] == "pay_sample"
        again = run(home, "send", "orders", "order.confirmed")
        assert again.returncode == 0, again.stdout + again.stderr

    def test_down_leaves_no_process_and_no_temporary_file(self, up, home):
        home.folder.joinpath("before.json").write_text(home.stack_file.read_text())
        down = run(home, "down")

        assert down.returncode == 0
        assert "aws" in down.stdout
        assert processes_of(home) == []
        assert not home.stack_file.exists()
        assert list(home.scratch.iterdir()) == []

    def test_down_again_has_nothing_to_do(self, up, home):
        assert "nothing was running" in run(home, "down").stdout

    def test_up_after_down_brings_orders_and_addresses_back(self, up, home):
        before = json.loads(home.folder.joinpath("before.json").read_text())

        again = run(home, "up")

        after = json.loads(home.stack_file.read_text())
        assert again.returncode == 0, again.stdout + again.stderr
        assert {**after, "pids": {}} == {**before, "pids": {}}
        assert _sample_order(home)["status"] == "CONFIRMED"

    def test_reset_forgets_orders_and_mails_for_good(self, up, home):
        assert run(home, "reset").returncode == 0
        os.kill(json.loads(home.stack_file.read_text())["pids"]["aws"], signal.SIGKILL)
        time.sleep(0.2)
        assert run(home, "up").returncode == 0

        assert _sample_order(home) is None
        mailbox = json.loads(home.stack_file.read_text())["mailbox_url"]
        assert httpx.get(mailbox).json()["messages"] == {}

    def test_an_up_that_was_killed_in_the_middle_leaves_nothing_that_down_misses(self, up, home):
        run(home, "down")
        starting = subprocess.Popen(
            command(home, "up"), cwd=homes.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + 60
        # The three servers, this command, and the CDK command line.
        while len(processes_of(home)) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        starting.kill()
        starting.wait()

        unfinished = run(home, "status")
        down = run(home, "down")

        assert unfinished.returncode == 1
        assert "did not come to its end" in unfinished.stdout
        assert "are kept" in down.stdout
        assert processes_of(home) == []


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_leaves_no_process(tmp_path, number):
    home = Home(tmp_path / "stack")
    starting = subprocess.Popen(
        command(home, "up"), cwd=homes.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with starting:
        deadline = time.monotonic() + 30
        while len(processes_of(home)) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)

        starting.send_signal(number)
        _, said = starting.communicate(timeout=30)

    assert starting.returncode == 130
    assert b"interrupted" in said
    assert processes_of(home) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [("LOCAL_AWS_PORT", "{port}"), ("QSTASH_URL", "http://127.0.0.1:{port}")],
)
def test_a_setting_that_cannot_work_is_named_and_nothing_is_left(tmp_path, variable, value):
    home = Home(tmp_path / "stack")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        setting = value.format(port=deaf.getsockname()[1])

        failed = subprocess.run(
            command(home, "up"),
            cwd=homes.ROOT,
            env={**os.environ, variable: setting},
            capture_output=True,
            text=True,
            check=False,
        )

    assert failed.returncode == 1
    assert f"{variable}={setting}" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert processes_of(home) == []
