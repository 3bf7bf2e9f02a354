"""Importing does nothing: no environment, client, file, socket or process at module level."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FUNCTIONS = [
    "analytics",
    "checkout",
    "commands",
    "inventory",
    "notifications",
    "orders",
    "reconciler",
]
# What no cold start may pay for: tracing, clients of tests and operators, and what only one needs.
HEAVY = ["boto3", "httpx", "jwt", "qstash", "aws_xray_sdk", "jinja2"]

IMPORT_ALL = """
import importlib, json, pkgutil, sys
import urllib3.util.connection  # tries on import whether this machine has IPv6: not our doing
import functions, shared

events = []

def modules():
    yield "shared"
    for package in (shared, functions):
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            yield info.name

names = sorted(set(modules()))

def audit(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.fork")):
        events.append(f"{event}")
    elif event == "open":
        path, mode = str(arguments[0]), arguments[1]
        writing = isinstance(mode, str) and set(mode) & set("wax+")
        source = path.endswith((".py", ".pyc", ".so", ".pth", ".zip", ".dist-info/METADATA"))
        inside = path.startswith(tuple(sys.argv[1:]))
        if (writing and ".pyc" not in path) or not (inside or source):
            events.append(f"open {path} {mode}")

sys.addaudithook(audit)
for name in names:
    importlib.import_module(name)
print(json.dumps({"names": names, "events": events}))
"""


def run(code: str, *arguments: str) -> str:
    """Run in a fresh interpreter with an empty environment."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", program, *arguments],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_module_imports_with_an_empty_environment_and_touches_nothing():
    folders = sorted({sys.prefix, sys.base_prefix, str(ROOT)})

    report = json.loads(run(IMPORT_ALL, *folders))

    assert report["events"] == []
    assert "shared.messaging.consumer" in report["names"]
    for name in FUNCTIONS:
        assert f"functions.{name}.handler" in report["names"]
    on_disk = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for folder in ("shared", "functions")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert set(report["names"]) == on_disk


@pytest.mark.parametrize("function", FUNCTIONS)
def test_cold_start_of_a_function_loads_nothing_that_it_does_not_use(function):
    code = f"import functions.{function}.handler, json; print(json.dumps(sorted(sys.modules)))"

    loaded = {name.partition(".")[0] for name in json.loads(run(code))}

    allowed = {"jinja2"} if function == "notifications" else set()
    assert loaded & set(HEAVY) == allowed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handler_wires_and_does_not_decide(function):
    lines = (ROOT / "functions" / function / "handler.py").read_text().splitlines()

    assert len(lines) <= 40
