"""A function under other settings is as before when that ends, whatever happened."""

from typing import Any

import pytest

from local.stack import aws
from local.stack.other_settings import other_settings
from tests.unit.local.stack.test_stackfile import stack

NAME = "order-pipeline-local-checkout"
BEFORE = {"CHECKOUT_TRUST": "open", "STAGE": "local"}


class Lambdas:
    """Versions of one function, and the alias that callers use."""

    def __init__(self) -> None:
        self.latest: dict[str, str] = dict(BEFORE)
        self.versions: dict[str, dict[str, str]] = {"1": dict(BEFORE)}
        self.live = "1"
        self.closed = False

    def get_alias(self, **_asked: Any) -> dict[str, str]:
        return {"FunctionVersion": self.live}

    def get_function_configuration(self, **asked: Any) -> dict[str, Any]:
        assert asked["FunctionName"] == NAME
        return {"Environment": {"Variables": dict(self.versions[asked["Qualifier"]])}}

    def update_function_configuration(self, **asked: Any) -> None:
        assert asked["FunctionName"] == NAME
        self.latest = dict(asked["Environment"]["Variables"])

    def publish_version(self, **_asked: Any) -> dict[str, str]:
        self.versions["2"] = dict(self.latest)
        return {"Version": "2"}

    def update_alias(self, **asked: Any) -> None:
        assert (asked["FunctionName"], asked["Name"]) == (NAME, "live")
        self.live = asked["FunctionVersion"]

    def delete_function(self, **asked: Any) -> None:
        assert asked["Qualifier"] != self.live
        del self.versions[asked["Qualifier"]]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def lambdas(monkeypatch) -> Lambdas:
    found = Lambdas()
    monkeypatch.setattr(aws, "client", lambda _service, _url: found)
    return found


def test_what_callers_reach_has_the_changed_settings_and_all_others(lambdas):
    with other_settings(stack(), "checkout", {"CHECKOUT_TRUST": "signed"}):
        assert lambdas.versions[lambdas.live] == {"CHECKOUT_TRUST": "signed", "STAGE": "local"}


def test_afterwards_it_is_as_before_whatever_happened(lambdas):
    with (
        pytest.raises(RuntimeError, match="in the middle"),
        other_settings(stack(), "checkout", {"CHECKOUT_TRUST": "signed"}),
    ):
        raise RuntimeError("in the middle")

    assert (lambdas.live, lambdas.latest) == ("1", BEFORE)
    assert lambdas.versions == {"1": BEFORE}
    assert lambdas.closed
