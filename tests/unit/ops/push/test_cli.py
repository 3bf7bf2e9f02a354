"""Devices from the command line."""

import argparse

import pytest

from functions.notifications.channels.push.devices import DeviceTables
from ops.__main__ import main
from ops.core.errors import OperatorError
from ops.push.cli import act
from shared.storage.writes import ConditionsFailed
from tests.fakes.clock import ManualClock
from tests.fakes.tables import InMemoryTables

ARN = "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/shop/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"


@pytest.fixture
def devices():
    return DeviceTables(InMemoryTables(), ManualClock())


def _run(devices: DeviceTables, action: str, endpoint: str = ARN) -> int:
    return act(argparse.Namespace(action=action, user_id="user-1", endpoint=endpoint), devices)


def test_a_device_is_registered_listed_and_removed(devices, capsys):
    said = []
    for action in ("list", "register", "register", "list", "remove", "remove", "list"):
        assert _run(devices, action) == 0
        said.append(capsys.readouterr().out.strip())

    assert said == [
        "user-1 has no device",
        f"{ARN}  registered",
        f"{ARN}  was already registered",
        ARN,
        f"{ARN}  removed",
        f"{ARN}  was not registered",
        "user-1 has no device",
    ]


def test_a_change_that_meets_another_is_told(devices, monkeypatch):
    def overtaken(_user: str, _endpoint: str) -> bool:
        raise ConditionsFailed([])

    monkeypatch.setattr(DeviceTables, "register", lambda _self, user, arn: overtaken(user, arn))

    with pytest.raises(OperatorError, match="try again"):
        _run(devices, "register")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["register", "user 1", ARN], "user: must be"),
        (["register", "user-1", "arn:aws:sns:eu-west-1:123456789012:topic"], "endpoint: must be"),
        (["remove", "user-1", "x"], "endpoint: must be"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_opened(arguments, said, capsys):
    assert main(["push", *arguments]) == 2
    assert said in capsys.readouterr().err
