import json
import stat
from dataclasses import asdict

import pytest

from local.stack.home import Home
from local.stack.qstash import Server
from local.stack.stackfile import Stack, StackFileError, describe
from shared.contracts.topics import Topic
from shared.storage.schema import TABLES

OUTPUTS = {
    "ApiUrl": "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4",
    **{f"{topic.value.capitalize()}Url": f"https://{topic.value}.on.aws/" for topic in Topic},
    **{f"Table{name.title().replace('_', '')}": f"data-{name}" for name in TABLES},
    "AlarmTopicArn": "arn:aws:sns:us-east-1:000000000000:alarms",
}


def stack() -> Stack:
    return describe(
        OUTPUTS,
        endpoint_url="http://127.0.0.1:4566",
        qstash=Server("http://127.0.0.1:8080"),
        redis_url="redis://127.0.0.1:6379/0",
        pids={"aws": 11},
    )


def test_description_has_what_tools_rely_on(tmp_path):
    home = Home(tmp_path)

    stack().save(home.stack_file)

    values = json.loads(home.stack_file.read_text())
    assert set(values) == {
        *("stage", "api_url", "topics", "qstash", "redis_url", "aws", "tables"),
        *("mailbox_url", "console_url", "pids", "checkout"),
    }
    assert set(values["topics"]) == {topic.value for topic in Topic}
    assert set(values["tables"]) == set(TABLES)
    assert set(values["qstash"]) == {"url", "token", "current_signing_key", "next_signing_key"}
    assert set(values["aws"]) == {"endpoint_url", "region", "access_key_id", "secret_access_key"}
    assert values["topics"]["commands"] == {"url": "https://commands.on.aws/"}
    assert values["tables"]["dead_letters"] == "data-dead_letters"


def test_api_is_where_the_functions_believe_it_to_be():
    assert stack().api_url == "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4"


def test_description_is_for_its_owner_only(tmp_path):
    home = Home(tmp_path)

    stack().save(home.stack_file)

    assert stat.S_IMODE(home.stack_file.stat().st_mode) == 0o600


def test_description_survives_a_round_trip(tmp_path):
    home = Home(tmp_path)
    stack().save(home.stack_file)

    assert Stack.load(home) == stack()


def test_a_missing_stack_names_the_command_that_starts_one(tmp_path):
    with pytest.raises(StackFileError, match="make up"):
        Stack.load(Home(tmp_path))


def changed(**changes: object) -> str:
    return json.dumps({**asdict(stack()), **changes})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "7",
        '{"stage": "local"}',
        "not json",
        "[" * 100_000,
        changed(aws=None),
        changed(tables="all"),
        changed(topics={"commands": "https://x"}),
        changed(api_url=["x"]),
        changed(pids={"aws": "many"}),
        '{"padding": "' + "x" * 1_000_001 + '"}',
    ],
    ids=lambda content: content[:24],
)
def test_another_file_is_not_taken_for_a_description(tmp_path, content):
    home = Home(tmp_path)
    home.stack_file.write_text(content)

    with pytest.raises(StackFileError, match=r"not a stack description"):
        Stack.load(home)


def test_a_missing_output_is_named():
    outputs = {name: value for name, value in OUTPUTS.items() if name != "TableLedger"}

    with pytest.raises(StackFileError, match="Tableledger"):
        describe(outputs, endpoint_url="x", qstash=Server("y"), redis_url="z", pids={})
