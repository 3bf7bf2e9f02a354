import pytest

from local.stack import aws, environment, home, qstash
from local.stack.home import Home
from local.stack.processes import StartError


def test_a_shells_real_credentials_reach_no_child(tmp_path):
    shell = {
        "PATH": "/usr/bin",
        "HOME": "/home/someone",
        "AWS_PROFILE": "production",
        "AWS_SECRET_ACCESS_KEY": "real",
        "QSTASH_TOKEN": "real",
        "QSTASH_URL": "https://qstash.example",
        "REDIS_URL": "rediss://real",
    }

    child = environment.of_child(Home(tmp_path), shell)

    assert child["HOME"] == "/home/someone"
    assert not {"AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "QSTASH_TOKEN", "QSTASH_URL"} & set(child)
    assert "REDIS_URL" not in child


def test_a_child_names_its_stack_and_keeps_its_temporary_files_there(tmp_path):
    child = environment.of_child(Home(tmp_path), {})

    assert child[home.VARIABLE] == str(tmp_path)
    assert child["TMPDIR"] == str(tmp_path / "scratch")


def test_the_projects_own_tools_come_first_on_the_path(tmp_path):
    path = environment.of_child(Home(tmp_path), {"PATH": "/usr/bin"})["PATH"]

    assert path == f"{home.ROOT}/.venv/bin:/usr/bin"


def test_an_aws_client_knows_the_emulator_only(tmp_path):
    values = environment.of_aws_client(Home(tmp_path), "http://127.0.0.1:1")

    assert values["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert values["AWS_CONFIG_FILE"] == values["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_home_is_the_argument_else_the_variable_else_the_default(tmp_path):
    other = {home.VARIABLE: str(tmp_path / "b")}

    assert home.resolve(tmp_path / "a", other).folder == tmp_path / "a"
    assert home.resolve(None, other).folder == tmp_path / "b"
    assert home.resolve(None, {}).folder == home.ROOT / ".local"


def test_a_qstash_server_on_this_machine_is_used():
    server = qstash.running_already({"QSTASH_URL": "http://localhost:8080/"})

    assert server is not None
    assert server.url == "http://localhost:8080"


def test_the_production_qstash_of_a_shell_is_left_alone():
    assert qstash.running_already({"QSTASH_URL": "https://qstash.upstash.io"}) is None
    assert qstash.running_already({}) is None


@pytest.mark.parametrize("limit", ["0", "-1", "\u0664", "1_0", "4.0", "nan", " 4", "10000"])
def test_a_limit_of_invocations_that_is_no_number_is_named_before_anything_starts(tmp_path, limit):
    with pytest.raises(StartError, match=r"LOCAL_CONCURRENCY=.* must be a whole number"):
        aws.process_environment(Home(tmp_path), 1, {"LOCAL_CONCURRENCY": limit})
