"""What operators read when AWS refuses or does not answer: the commands with the real botocore,
against a server that answers as AWS does."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest.mock import patch

import pytest

from ops.__main__ import main
from shared.runtime import botocore_clients
from shared.storage.schema import TABLES

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/otto is not authorized to perform: "
    "{action} on resource: arn:aws:x:eu-west-1:123456789012:y because no policy allows it"
)


class Aws(HTTPServer):
    """AWS, which answers every request in the same way.

    Args:
        code, message: of the refusal.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.code, self.message = code, message


class _Answer(BaseHTTPRequestHandler):
    server: Aws

    def do_POST(self) -> None:
        """Refuse: in JSON for DynamoDB and SSM, in XML for CloudFormation."""
        self.rfile.read(int(self.headers["Content-Length"]))
        code, message = self.server.code, self.server.message
        if "X-Amz-Target" in self.headers:
            body = json.dumps({"__type": f"com.amazon#{code}", "message": message}).encode()
        else:
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
                f"<Message>{message}</Message></Error></ErrorResponse>"
            ).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def refusing(code: str, message: str) -> Iterator[str]:
    """The address of such an AWS."""
    with Aws(code, message) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def asked(tmp_path, capsys):
    """What a command says on standard error, given this environment; it ends with 2, on one line."""

    def ask(*arguments: str, **environment: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        alone = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", **environment}
        forget_connections()
        with patch.dict(os.environ, {**kept, **alone}, clear=True):
            status = main(list(arguments))
        said = capsys.readouterr()
        assert (status, said.out, said.err.count("\n")) == (2, "", 1), said
        return str(said.err)

    yield ask
    forget_connections()


def forget_connections() -> None:
    """The next client reads its environment anew."""
    botocore_clients.forget()


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        (
            "AccessDenied",
            DENIED.format(action="cloudformation:DescribeStacks"),
            "not allowed: cloudformation:DescribeStacks on arn:aws:x:",
        ),
        ("ExpiredToken", "The security token is expired", "the AWS credentials have expired"),
        ("InvalidClientTokenId", "The security token is invalid", "AWS does not know these"),
        (
            "ValidationError",
            "Stack with id OrderPipelineData-prod does not exist\x7f\u202e",
            r"(ValidationError: Stack with id OrderPipelineData-prod does not exist\x7f\u202e)",
        ),
    ],
)
def test_a_refusal_says_what_to_do(asked, code, message, told):
    with refusing(code, message) as url:
        said = asked(
            *["audit", "--stage", "prod"],
            AWS_ENDPOINT_URL=url,
            AWS_DEFAULT_REGION="eu-west-1",
            **KEYS,
        )

    assert told in said


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "there is no AWS region: set AWS_DEFAULT_REGION"),
        ({"AWS_DEFAULT_REGION": "eu west"}, "AWS_DEFAULT_REGION is no region"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "there are no AWS credentials: set AWS_PROFILE"),
        ({"AWS_PROFILE": "nobody"}, "AWS_PROFILE names no profile of this machine"),
        ({"AWS_CONFIG_FILE": "broken"}, "the AWS configuration cannot be read"),
        ({"AWS_PROFILE": "sso", "AWS_CONFIG_FILE": "sso"}, "the AWS session is over: sign in"),
        ({"AWS_PROFILE": "program", "AWS_CONFIG_FILE": "sso"}, "AWS credentials could not be had"),
        (
            {**KEYS, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            "AWS cannot be reached",
        ),
        (
            {**KEYS, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "nowhere"},
            "the connection to AWS makes no sense",
        ),
    ],
)
def test_a_machine_that_is_not_set_up_is_told_what_is_missing(tmp_path, asked, environment, told):
    (tmp_path / "broken").write_text("[default\nregion")
    (tmp_path / "sso").write_text(
        "[profile sso]\nregion = eu-west-1\nsso_start_url = https://sso.example.com/start\n"
        "sso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = otto\n"
        "[profile program]\nregion = eu-west-1\ncredential_process = /bin/false\n"
    )
    if "AWS_CONFIG_FILE" in environment:
        environment = {
            **environment,
            "AWS_CONFIG_FILE": str(tmp_path / environment["AWS_CONFIG_FILE"]),
        }

    assert told in asked("audit", "--stage", "prod", **environment)


def _stack(folder: Path, url: str) -> str:
    file = folder / "stack.json"
    aws = {
        "endpoint_url": url,
        "region": "us-east-1",
        "access_key_id": "a",
        "secret_access_key": "b",
    }
    tables = dict.fromkeys(TABLES, "table")
    told = {"stage": "local", "aws": aws, "tables": tables, "qstash": {"url": "http://127.0.0.1:9"}}
    file.write_text(json.dumps(told))
    return str(file)


def test_a_local_stack_that_ended_is_told_whatever_account_the_environment_means(tmp_path, asked):
    stack = _stack(tmp_path, "http://127.0.0.1:9")

    said = asked("stock", "list", "--stack", stack, AWS_PROFILE="nobody")

    assert "the local stack cannot be used (AWS cannot be reached" in said
    assert "`make status`" in said


def test_the_action_that_a_command_lacks_is_named_behind_every_port(tmp_path, asked):
    with refusing("AccessDeniedException", DENIED.format(action="ssm:GetParameters")) as url:
        said = asked("stock", "list", "--stack", _stack(tmp_path, url))

    assert "not allowed: ssm:GetParameters on arn:aws:x:" in said


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "describes no stack"),
        ("[]", "describes no stack"),
        ('{"aws": {}}', "describes no stack (aws.endpoint_url: is required)"),
    ],
)
def test_a_file_that_describes_no_stack_is_named(tmp_path, asked, content, told):
    (tmp_path / "stack.json").write_text(content)

    said = asked("trace", "pay-1", "--stack", str(tmp_path / "stack.json"))

    assert said.startswith(f"--stack: {tmp_path}/stack.json {told}")
