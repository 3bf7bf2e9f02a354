"""What is there of a stack."""

import json

import pytest

from local.stack import pid_file, survey
from local.stack.home import Home
from local.stack.pid_file import RecordsError
from local.stack.plan import Name
from local.stack.processes import Process
from local.stack.stackfile import StackFileError
from local.stack.survey import NotRunningError


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    return home


def dead(home: Home, name: str) -> Process:
    """One whose number, if it is in use at all, belongs to somebody else by now."""
    return Process(name, 1, "another boot/1", str(home.logs / f"{name}.log"))


def test_a_number_that_another_process_has_by_now_does_not_count_as_running(home):
    pid_file.write(home, [dead(home, "aws")])

    (part,) = survey.take(home).parts

    assert not part.runs


def test_ports_are_remembered_one_by_one(home):
    survey.remember_port(home, Name.AWS, 4001)
    survey.remember_port(home, Name.REDIS, 4002)
    survey.remember_port(home, Name.AWS, 4003)

    assert survey.remembered_ports(home) == {Name.AWS: 4003, Name.REDIS: 4002}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"aws": "x"}', '{"mainframe": 1}'])
def test_a_damaged_list_of_ports_is_as_good_as_none(home, text):
    home.ports_file.write_text(text)

    assert survey.remembered_ports(home) == {}


@pytest.mark.parametrize("text", ["", "{", "{}x", '{"a": 1}', "[1]", '[{"name": "aws"}]', "7"])
def test_a_damaged_list_of_processes_is_named_and_never_guessed(home, text):
    home.processes_file.write_text(text)

    with pytest.raises(RecordsError, match=r"processes\.json is not a list of processes"):
        survey.take(home)


def test_what_lies_on_disk_is_found(home):
    pid_file.write(home, [dead(home, "aws"), dead(home, "qstash")])
    before = survey.take(home)
    (home.state / "aws").mkdir()
    (home.state / survey.SNAPSHOT).write_text("{}")
    (home.state / survey.QSTASH_JOURNAL).write_text("")

    after = survey.take(home)

    assert (before.is_kept, [part.is_kept for part in before.parts]) == (False, [False, False])
    assert (after.is_kept, [part.is_kept for part in after.parts]) == (True, [True, True])


def test_giving_up_what_was_kept_leaves_an_empty_folder(home):
    survey.remember_port(home, Name.AWS, 4001)
    (home.state / "aws").mkdir()
    (home.state / survey.SNAPSHOT).write_text("{}")

    home.forget()

    assert not survey.take(home).is_kept
    assert survey.remembered_ports(home) == {}
    assert list(home.state.iterdir()) == []


def test_a_command_that_needs_the_stack_names_what_died(home):
    with pytest.raises(StackFileError, match="`make up` starts one"):
        survey.running_stack(home)
    values = {
        "stage": "local",
        "api_url": "",
        "topics": {},
        "qstash": {},
        "redis_url": "",
        "tables": {},
        "mailbox_url": "",
        "console_url": "",
        "pids": {},
        "aws": {"endpoint_url": "", "region": "", "access_key_id": "", "secret_access_key": ""},
    }
    home.stack_file.write_text(json.dumps(values))
    pid_file.write(home, [dead(home, "redis")])

    with pytest.raises(NotRunningError, match="Redis ended; `make up` mends it"):
        survey.running_stack(home)
