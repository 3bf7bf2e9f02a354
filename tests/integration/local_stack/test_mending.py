"""Processes of a stack are killed, and `up` mends it. Nothing is deployed, so nothing takes long."""

import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace

import httpx
import pytest
from botocore.exceptions import ClientError

from local.stack import aws, pid_file, ports, processes, qstash, redis, survey
from local.stack import home as homes
from local.stack.home import Home
from local.stack.plan import Action, Name, decide
from local.stack.polling import wait_for
from local.stack.processes import Process
from local.stack.servers import Launcher
from local.stack.stackfile import Stack, describe
from local.terminal import Progress, Terminal
from shared.contracts.topics import Topic
from shared.storage.schema import TABLES

OUTPUTS = {
    "ApiUrl": "https://a1b2c3d4.execute-api.us-east-1.amazonaws.com",
    **{f"{topic.value.capitalize()}Url": f"https://{topic.value}.on.aws/" for topic in Topic},
    **{f"Table{name.title().replace('_', '')}": f"data-{name}" for name in TABLES},
}


@dataclass
class Rig:
    """A stack without functions, and the means to harm it."""

    home: Home
    said: io.StringIO
    started: list[Process] = field(default_factory=list)

    @property
    def stack(self) -> Stack:
        return Stack.load(self.home)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A command, as somebody types it in another terminal."""
        return subprocess.run(
            [sys.executable, "-m", "local", "--home", str(self.home.folder), *arguments],
            cwd=homes.ROOT,
            env={"PATH": os.environ["PATH"], **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def up(self) -> str:
        done = self.run("up")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        current: list[Process] = []

        def remember(process: Process) -> None:
            self.started.append(process)
            current.append(process)
            pid_file.write(self.home, current)

        progress = Progress(Terminal(self.said, live=False))
        servers = Launcher(self.home, progress, os.environ, remember).start()
        with closing(aws.client("dynamodb", servers.aws_url)) as dynamodb, suppress(ClientError):
            dynamodb.create_table(
                TableName="things",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        aws.keep(servers.aws_url)
        stack = describe(
            OUTPUTS,
            endpoint_url=servers.aws_url,
            qstash=servers.qstash,
            redis_url=servers.redis_url,
            pids={process.name: process.pid for process in current},
        )
        stack.save(self.home.stack_file)

    def kill(self, *names: Name) -> None:
        for process in pid_file.read(self.home):
            if process.name in names:
                os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: {part.name for part in survey.take(self.home).dead} >= set(names), "death")

    def rows(self) -> set[str]:
        with closing(aws.client("dynamodb", self.stack.aws.endpoint_url)) as dynamodb:
            return {item["id"]["S"] for item in dynamodb.scan(TableName="things")["Items"]}

    def put(self, key: str) -> None:
        with closing(aws.client("dynamodb", self.stack.aws.endpoint_url)) as dynamodb:
            dynamodb.put_item(TableName="things", Item={"id": {"S": key}})

    def qstash(self, method: str, path: str, **headers: str) -> httpx.Response:
        allowed = {"Authorization": f"Bearer {self.stack.qstash['token']}", **headers}
        return httpx.request(method, f"{self.stack.qstash['url']}/v2/{path}", headers=allowed)

    def publish_for_later(self) -> str:
        url = self.stack.topics["orders"]["url"]
        answer = self.qstash("POST", f"publish/{url}", **{"Upstash-Delay": "1h"})
        return str(answer.raise_for_status().json()["messageId"])

    def has_message(self, message: str) -> bool:
        return self.qstash("GET", f"messages/{message}").status_code == 200

    def all_answer(self) -> bool:
        return (
            aws.is_ready(survey.remembered_ports(self.home)[Name.AWS])
            and redis.answers(survey.remembered_ports(self.home)[Name.REDIS])
            and qstash.is_ready(qstash.Server(**self.stack.qstash))
        )


@pytest.fixture
def rig(home: Home) -> Iterator[Rig]:
    rig = Rig(home, io.StringIO())
    try:
        rig.start()
        yield rig
    finally:
        processes.stop([*pid_file.read(home), *rig.started], home)


@pytest.mark.parametrize("name", list(Name))
def test_what_died_is_mended_where_it_was_and_the_rest_is_not_touched(rig, name):
    before = rig.stack
    rig.put("kept")
    message = rig.publish_for_later()
    rig.kill(name)

    rig.up()
    after = rig.stack

    assert rig.all_answer()
    assert replace(after, pids={}) == replace(before, pids={})
    changed = {each for each in before.pids if before.pids[each] != after.pids[each]}
    assert changed == {name}
    assert rig.rows() == {"kept"}
    assert rig.has_message(message)


def test_all_of_them_are_mended_and_it_is_told_what_that_means(rig):
    rig.put("kept")
    message = rig.publish_for_later()
    rig.kill(*Name)

    said = rig.up()

    assert rig.all_answer()
    assert rig.rows() == {"kept"}
    assert rig.has_message(message)
    for words in ("The AWS emulator ended.", "Redis ended.", "The QStash dev server ended."):
        assert words in said


def test_what_the_dead_one_said_last_is_still_there(rig):
    rig.kill(Name.AWS)
    log = rig.home.logs / "aws.log"
    last_words = log.read_text()

    rig.up()

    assert log.with_suffix(".before.log").read_text() == last_words


def test_a_mending_that_fails_leaves_what_runs_alone_and_can_be_repeated(rig):
    before = rig.stack
    rig.kill(Name.REDIS)

    failed = rig.run("up", LOCAL_REDIS="none-such")

    assert failed.returncode == 1
    assert "LOCAL_REDIS=none-such" in failed.stderr
    assert {part.name for part in survey.take(rig.home).dead} == {Name.REDIS}
    assert rig.stack == before
    rig.up()
    assert rig.all_answer()


def test_one_that_was_started_is_stopped_when_another_cannot_be(rig):
    rig.kill(Name.REDIS, Name.QSTASH)
    (rig.home.state / survey.QSTASH_JOURNAL).write_text("something else\n")

    failed = rig.run("up")

    assert failed.returncode == 1
    assert "qstash.jsonl" in failed.stderr
    assert {part.name for part in survey.take(rig.home).dead} == {Name.REDIS, Name.QSTASH}


def test_a_port_that_another_program_took_meanwhile_is_noticed(rig):
    port = survey.remembered_ports(rig.home)[Name.REDIS]
    rig.kill(Name.REDIS)
    wait_for(lambda: ports.is_free(port), "the killed server's port is free", limit=30)
    with socket.socket() as another:
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        another.bind((ports.LOOPBACK, port))
        another.listen()

        plan = decide(survey.take(rig.home))

    assert plan.action is Action.BRING_UP
    assert f"another program has port {port}" in "".join(plan.words)


def test_every_command_says_what_died_and_the_way_back(rig):
    rig.kill(Name.AWS, Name.QSTASH)

    reported = rig.run("status")

    assert reported.returncode == 1
    assert "qstash ended. The end of its log:" in reported.stdout
    assert "Kept: messages" in reported.stdout
    assert "`make up` mends it" in reported.stdout
    assert rig.stack.qstash["url"] in reported.stdout
    for command in ("logs", "seed", "redeploy", "reset"):
        refused = rig.run(command)
        assert refused.returncode == 1
        assert "the AWS emulator, the QStash dev server ended; `make up` mends" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert "(aws, qstash had ended before)" in rig.run("down").stdout


def test_down_keeps_the_state_and_the_ports_and_forgetting_gives_them_up(rig):
    rig.put("kept")
    before = survey.remembered_ports(rig.home)

    kept = rig.run("down")

    assert "are kept: `make up` brings them back" in kept.stdout
    assert survey.take(rig.home).is_kept
    assert survey.remembered_ports(rig.home) == before
    assert list(rig.home.scratch.iterdir()) == []
    assert "starts anew" in rig.run("down", "--forget").stdout
    assert not survey.take(rig.home).is_kept
    assert survey.remembered_ports(rig.home) == {}


def test_a_stack_that_is_started_again_has_its_ports_unless_somebody_has_them(rig):
    before = survey.remembered_ports(rig.home)
    rig.run("down")
    with socket.socket() as another:
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        another.bind((ports.LOOPBACK, before[Name.QSTASH]))
        another.listen()

        rig.start()

    after = survey.remembered_ports(rig.home)
    assert after[Name.AWS] == before[Name.AWS]
    assert after[Name.QSTASH] != before[Name.QSTASH]
    assert f"no longer {before[Name.QSTASH]}" in rig.said.getvalue()


def test_keys_that_were_rotated_are_the_ones_that_functions_get_after_down_and_up(rig):
    first = rig.stack.qstash["current_signing_key"]
    rotated = rig.qstash("POST", "keys/rotate").raise_for_status().json()
    rig.run("down")

    rig.start()

    assert rotated["current"] != first
    assert rig.stack.qstash["current_signing_key"] == rotated["current"]
    assert rig.stack.qstash["next_signing_key"] == rotated["next"]


def test_the_mailbox_of_the_mended_emulator_is_where_it_was(rig):
    address = rig.stack.mailbox_url
    rig.kill(Name.AWS)

    rig.up()

    assert httpx.get(address).json() == {"messages": {}}
