"""A test of the tests: each planted bug, in a copy of the code, must turn its tests red."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutations import page
from tests.mutations.catalog import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("shared", "functions", "ops", "local", "tests", "docs")
FAILED = 1  # pytest's own exit code for "tests ran, and some failed"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The code, elsewhere."""
    folder = tmp_path_factory.mktemp("planted")
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__", ".hypothesis", "*.pyc")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _run(folder, tests):
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "--no-header", *tests]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=180, check=False
    )


def test_without_a_planted_bug_they_are_all_green(copy):
    tests = sorted({test for mutation in MUTATIONS for test in mutation.tests})

    result = _run(copy, tests)

    assert result.returncode == 0, result.stdout[-3000:]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.invariant)
def test_a_planted_bug_turns_its_tests_red(copy, mutation):
    file = copy / mutation.path
    original = file.read_text(encoding="utf-8")
    assert original.count(mutation.line) == 1, "the protecting line moved: bring the catalog along"
    file.write_text(original.replace(mutation.line, mutation.becomes), encoding="utf-8")
    try:
        result = _run(copy, mutation.tests)
    finally:
        file.write_text(original, encoding="utf-8")

    assert result.returncode == FAILED, (
        f"nobody noticed that {mutation.bug}\n{result.stdout[-3000:]}"
    )


def test_every_invariant_has_its_line_its_tests_and_its_bug():
    assert [m.invariant for m in MUTATIONS] == [f"I{number}" for number in range(1, 27)]


def test_the_reliability_page_is_what_the_catalog_says():
    """``make docs`` writes it; nobody edits it."""
    assert page.PAGE.read_text(encoding="utf-8") == page.text()
