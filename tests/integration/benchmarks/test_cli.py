"""The benchmarks run, from the command to the verdict. What they measure is no matter for a test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_quick_run_measures_and_ends_well():
    done = bench("--quick", "--json", "steps", "signed")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert {figure["benchmark"] for figure in figures} == {"steps", "signed"}
    assert all(figure["value"] > 0 for figure in figures)


def test_an_event_costs_the_calls_that_it_must_and_no_more():
    """Counted by the stand-in servers, so this holds on any machine."""
    done = bench("--quick", "--json", "calls")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert [f["what"] for f in figures if f["verdict"] != "ok"] == []
    calls = {f["what"]: f["value"] for f in figures}
    assert calls["calls: command.checkout"] == 6
    assert calls["calls: a duplicate"] == 1
    assert calls["new connections per event"] == 0


@pytest.mark.parametrize("subject", ["plain_sdks", "floor", "powertools"])
def test_a_reference_handles_a_delivery_and_refuses_a_forged_one(subject):
    """In a process of its own, as it is measured."""
    program = f"""
from benchmarks.world import world
from benchmarks import events
import importlib, os
with world() as around:
    os.environ.update(around.environment())
    handler = importlib.import_module("benchmarks.reference.{subject}").build(os.environ)
    call = events.delivery("commands", events.checkout_body("evt-1"))
    genuine = handler(call, events.Invocation())["statusCode"]
    forged = {{**call, "body": call["body"].replace("Ada", "Eve")}}
    print(genuine, handler(forged, events.Invocation())["statusCode"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "200 401"


def test_a_measurement_that_does_not_exist_is_named_with_those_that_do():
    done = bench("colt")

    assert done.returncode == 2
    assert "no measurement 'colt': choose from artefact, calls, steps" in done.stderr
