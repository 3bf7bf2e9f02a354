"""The command line: safe defaults, and no way to listen beyond this machine."""

import pytest

from local.qstash.http.options import DEV_TOKEN, parse_settings
from local.qstash.model.plans import FREE, PAYG
from local.qstash.syntax.destinations import Route


def test_defaults_are_the_official_development_ones():
    settings = parse_settings([])

    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", 8080, DEV_TOKEN)
    assert settings.current_signing_key.startswith("sig_7kYj")
    assert settings.routes == ()
    assert not settings.allow_external
    assert settings.plan is PAYG


def test_routes_add_up():
    settings = parse_settings(["--route", "*.on.aws=127.0.0.1:4566", "--route", "x.test=[::1]:80"])

    assert settings.routes == (Route("*.on.aws", "127.0.0.1", 4566), Route("x.test", "::1", 80))


def test_the_plan_is_chosen_as_on_the_official_server():
    assert parse_settings(["--quota", "free"]).plan is FREE


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "192.0.2.1"],
        ["--host", "::"],
        ["--host", "example.com"],
        ["--port", "70000"],
        ["--route", "nowhere"],
        ["--current-signing-key", ""],
        ["--token", " "],
        ["--parallelism", "0"],
        ["--quota", "gold"],
        ["--port", "1_0"],
        ["--port", "\u0661"],
        ["--parallelism", "+1"],
        ["--route", "x.test=127.0.0.1:\u0661"],
        ["--time-scale", "2"],
        ["--time-scale", "1e-3"],
        ["--time-scale", "nan"],
    ],
)
def test_unsafe_or_senseless_options_end_the_program(arguments, capsys):
    with pytest.raises(SystemExit):
        parse_settings(arguments)
    assert arguments[0] in capsys.readouterr().err


def test_the_port_is_announced_in_the_file_and_on_a_line_of_its_own(tmp_path, capsys):
    settings = parse_settings(["--port", "0", "--port-file", str(tmp_path / "port")])
    settings.announce(4321)

    assert (tmp_path / "port").read_text() == "4321\n"
    assert capsys.readouterr().out == "QStash dev server listening on http://127.0.0.1:4321\n"
