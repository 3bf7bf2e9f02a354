"""The first command of the README, from start to end."""

import subprocess
import sys

import pytest

from local.stack import home as homes

pytestmark = pytest.mark.e2e


def test_demo_observes_everything_it_tells(tmp_path):
    command = [sys.executable, "-m", "local", "--home", str(tmp_path), "demo"]

    shown = subprocess.run(command, cwd=homes.ROOT, capture_output=True, text=True, check=False)

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "all observed. Everything is stopped." in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "Order Confirmation" in shown.stdout
    for chapter in (
        "Units are reserved",
        "From the payment to the door",
        "changes her mind",
        "The audit",
    ):
        assert chapter in shown.stdout
    assert "every promise is kept" in shown.stdout
    assert "<html" in (tmp_path / "demo" / "mail.html").read_text().lower()
    assert len(list((tmp_path / "demo" / "mails").iterdir())) == 6
