"""S28: known holes are told, and silence of an advisory database is never told as health."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from infra.assets.lock_file import Pin
from infra.dependencies.advisories import Answer, ask_about_node, ask_about_python, locked
from infra.dependencies.verdict import KNOWN, NONE_KNOWN, NOT_ASKED, lines, status

PINS = [Pin("good", "1.0", ("aa" * 32,)), Pin("poor", "2.0", ("bb" * 32, "cc" * 32))]
TWO = [*PINS, Pin("poor", "3.0", ("dd" * 32,))]
HOLE = {
    "id": "PYSEC-2026-1",
    "summary": "a hole",
    "affected": [
        {
            "package": {"name": "poor", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
            "versions": ["2.0"],
        }
    ],
    "aliases": ["CVE-2026-1\u202e\x1b[2J"],
}
Reply = Callable[[Any], tuple[int, Any]]


@pytest.fixture(autouse=True)
def no_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """npm waits ten seconds and longer before it asks a database again that failed."""
    monkeypatch.setenv("npm_config_fetch_retries", "0")


@contextmanager
def database(reply: Reply) -> Iterator[tuple[str, list[Any]]]:
    """A stand-in of an advisory database on loopback, and what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            asked.append(json.loads(body))
            code, answer = reply(asked[-1])
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def python(reply: Reply, pins: list[Pin] = PINS) -> Answer:
    with database(reply) as (address, _):
        return ask_about_python(pins, osv_url=f"{address}/v1/query")


def poor(question: Any) -> tuple[int, Any]:
    known = (question["package"]["name"], question["version"]) == ("poor", "2.0")
    return 200, {"vulns": [HOLE]} if known else {}


def test_packages_without_a_known_hole_are_told_as_asked_about():
    answer = python(lambda _question: (200, {}))

    assert answer == Answer("Python", 2, 2, ())
    assert status([answer]) == NONE_KNOWN
    assert list(lines([answer])) == ["Python: 2 packages asked about, 0 known holes"]


def test_a_known_hole_is_told_and_obeyed_by_no_terminal_whichever_version_is_locked():
    answer = python(poor, TWO)

    assert (answer.asked, answer.answered, answer.complete) == (3, 3, True)
    assert [finding.package for finding in answer.findings] == ["poor 2.0"]
    assert status([answer]) == KNOWN
    told = "\n".join(lines([answer]))
    assert "PYSEC-2026-1 CVE-2026-1\\u202e\\x1b[2J (fixed in 2.1)" in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(lambda _q: (500, {}), id="an error"),
        pytest.param(lambda _q: (403, b"go away"), id="a gate"),
        pytest.param(lambda _q: (200, b"<html>log in first</html>"), id="a page"),
        pytest.param(
            lambda q: (503, {}) if q["package"]["name"] == "poor" else (200, {}), id="half of it"
        ),
    ],
)
def test_a_database_that_does_not_answer_is_no_verdict(reply):
    answer = python(reply)

    assert not answer.complete
    assert answer.why
    assert status([answer, Answer("Node", 5, 5, ())]) == NOT_ASKED
    told = "\n".join(lines([answer]))
    assert "NOT AUDITED" in told
    assert "only 0 of 2 packages have an answer" in told


def test_a_database_that_does_not_run_is_no_verdict():
    with database(poor) as (address, _):
        pass

    python_answer = ask_about_python(PINS, osv_url=f"{address}/v1/query")
    node_answer = ask_about_node(registry=address)

    assert status([python_answer]) == status([node_answer]) == NOT_ASKED
    assert (python_answer.answered, node_answer.answered) == (0, 0)


def test_a_package_that_a_service_passes_over_is_not_told_as_healthy():
    """pip-audit itself ends with success then, and prints that no hole is known."""
    answer = Answer("Python", 2, 1, (), "Dependency not found")

    assert status([answer]) == NOT_ASKED


def test_a_known_hole_counts_though_another_database_is_silent():
    found = python(poor)

    assert status([found, Answer("Node", 5, 0, (), "no")]) == KNOWN
    assert "NOT AUDITED" in "\n".join(lines([found, Answer("Node", 5, 0, (), "no")]))


UNHELPFUL = {"NODE_ENV": "production", "npm_config_offline": "true", "npm_config_audit": "false"}


@pytest.mark.parametrize("settings", [{}, UNHELPFUL], ids=["plain", "settings that ask nobody"])
def test_npm_asks_about_every_locked_package_whatever_its_settings_are(monkeypatch, settings):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    with database(lambda _question: (200, {})) as (address, asked):
        answer = ask_about_node(registry=address)

    assert answer == Answer("Node", 5, 5, ())
    (question,) = asked
    assert len(question) == answer.asked


def test_a_known_hole_of_a_node_package_is_told():
    hole = {"id": 1, "url": "GHSA-1", "title": "a hole", "severity": "high"}
    hole |= {"vulnerable_versions": "<9999.0.0", "cwe": [], "cvss": {}}

    with database(lambda _question: (200, {"jose": [hole]})) as (address, _):
        answer = ask_about_node(registry=address)

    assert status([answer]) == KNOWN
    assert "GHSA-1" in "\n".join(lines([answer]))


@pytest.mark.parametrize("reply", [(405, {}), (200, b"<html>"), (500, {})])
def test_a_registry_without_advisories_is_no_verdict(reply):
    with database(lambda _question: reply) as (address, _):
        answer = ask_about_node(registry=address)

    assert status([answer]) == NOT_ASKED
    assert answer.why


def test_every_lock_is_asked_about():
    names = {pin.name for pin in locked()}

    assert {"pydantic", "aws-cdk-lib", "ministack", "pytest", "uv"} <= names
    assert all(pin.hashes for pin in locked())
