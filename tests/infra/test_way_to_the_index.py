"""What the deployment may know of a developer's environment: how to reach a package index."""

from pathlib import Path

import pytest

from local.stack import environment
from local.stack.home import Home

EMULATOR = "http://127.0.0.1:4566"
WAY = {
    "PIP_INDEX_URL": "https://pypi.corp.test/simple",
    "PIP_CERT": "/etc/corp.pem",
    "REQUESTS_CA_BUNDLE": "/etc/corp.pem",
    "SSL_CERT_FILE": "/etc/corp.pem",
    "https_proxy": "http://proxy.corp.test:3128",
    "HTTP_PROXY": "http://proxy.corp.test:3128",
}
SECRETS = {
    "AWS_PROFILE": "production",
    "AWS_SECRET_ACCESS_KEY": "real",
    "QSTASH_TOKEN": "real",
    "UV_INDEX_URL": "https://elsewhere.test",
    "PIPELINE": "something else",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The home of a stack that is not there."""
    return Home(tmp_path)


def test_pip_below_the_deployment_reaches_the_index_as_the_developer_s_own_does(home: Home):
    """The layer's wheels are installed there; in some networks only so."""
    given = environment.of_cdk(home, EMULATOR, WAY | SECRETS)

    assert {name: given[name] for name in WAY} == WAY


def test_nothing_else_comes_along(home: Home):
    """Above all no credentials."""
    given = environment.of_cdk(home, EMULATOR, WAY | SECRETS)

    assert given["AWS_SECRET_ACCESS_KEY"] == environment.SECRET_ACCESS_KEY
    assert set(given) - set(environment.of_cdk(home, EMULATOR, {})) == {
        *WAY,
        "NO_PROXY",
        "no_proxy",
    }


@pytest.mark.parametrize(
    ("exceptions", "expected"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": ".corp.test"}, ".corp.test,127.0.0.1,localhost"),
        ({"no_proxy": "a.test", "NO_PROXY": "b.test"}, "a.test,127.0.0.1,localhost"),
        ({"no_proxy": "localhost,a.test"}, "localhost,a.test,127.0.0.1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_the_emulator_is_never_looked_for_behind_a_proxy(
    home: Home, exceptions: dict[str, str], expected: str
):
    """The proxy would look for it on its own machine."""
    given = environment.of_cdk(home, EMULATOR, WAY | exceptions)

    assert given["NO_PROXY"] == given["no_proxy"] == expected


def test_the_emulator_and_its_functions_learn_nothing_of_it(home: Home):
    """A deployed function has no developer's proxy either."""
    assert not set(WAY) & set(environment.of_aws_client(home, EMULATOR))
