"""What the deploying machine must have."""

import json

import pytest

from ops.core.finding import State, found
from ops.preflight import machine


def looked(folder, *, python: str | None = "/usr/bin/python3.13", node: str = "v22.1.0\n"):
    return dict(found(machine.checks(folder, lambda _version: python, lambda _command: node)))


@pytest.fixture
def checkout(tmp_path):
    package = tmp_path / "node_modules/aws-cdk/package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"engines": {"node": ">= 18.0.0"}}))
    return tmp_path


def test_a_machine_with_python_and_node_is_fine(checkout):
    assert {said.state for said in looked(checkout).values()} == {State.OK}


def test_without_the_python_of_lambda_functions_start_slowly(checkout):
    said = looked(checkout, python=None)["Python for bytecode"]

    assert (said.state, said.command) == (State.MEND, ".venv/bin/uv python install 3.13")


@pytest.mark.parametrize("node", ["v16.20.2\n", "command not found", ""])
def test_a_node_that_cdk_does_not_run_on_is_told(checkout, node):
    said = looked(checkout, node=node)["Node for CDK"]

    assert (said.state, said.command) == (State.MEND, "make setup")


def test_a_checkout_without_its_packages_is_told(tmp_path):
    assert looked(tmp_path)["Node for CDK"].said == "Node or the CDK command line is not installed"


def test_a_node_that_cannot_be_run_is_told(checkout):
    def run(_command):
        raise FileNotFoundError

    said = dict(found(machine.checks(checkout, lambda _version: None, run)))["Node for CDK"]

    assert said.state is State.MEND
