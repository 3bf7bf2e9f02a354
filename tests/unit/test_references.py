"""A code or a document that a text refers to is defined in this repository: a reader can look it up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {".venv", "node_modules", "cdk.out", ".local", ".git"}
WRITTEN_IN = {".py", ".md", ".json", ".mjs"}

# One capital letter and a number. `S3` is AWS's as well as ours, and resolves either way.
_PROMISE = re.compile(r"(?<![\w#./'`-])([ISF][0-9]{1,2})(?![\w.(])")
# Any other letter is a reference only alone in brackets: `(E2)`, `(Q3, Q4)`.
_IN_BRACKETS = re.compile(r"(?<=\s)\(([A-Z][0-9]{1,2}(?:, [A-Z][0-9]{1,2})*)\)")
_DECISION = re.compile(r"\b[Dd]ecisions? \[?([0-9]{4})\b|decisions/([0-9]{4})-|\]\(([0-9]{4})-")
_DOCUMENT = re.compile(
    r"\b(CONTRACT|INVARIANTS|DESIGN|STYLE|LAYOUT|REAL-WORLD|[Hh]ouse[ -]rules? [0-9]+)\b(?!\w|_)"
)
_MARKDOWN = re.compile(r"(?<![\w./-])([A-Z][A-Z-]+\.md)\b")


def _files() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        if path.suffix in WRITTEN_IN and not LEFT_OUT & set(path.relative_to(ROOT).parts):
            yield path


def _defined() -> set[str]:
    reliability = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    security = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    return {
        *re.findall(r"^\| (I[0-9]+) \|", reliability, re.MULTILINE),
        *re.findall(r"^## (S[0-9]+) · ", security, re.MULTILINE),
    }


def _decisions() -> set[str]:
    return {path.name[:4] for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")}


def undefined(text: str) -> list[str]:
    """What a text refers to and nothing here defines, each once, in order."""
    in_brackets = {code for codes in _IN_BRACKETS.findall(text) for code in codes.split(", ")}
    promises = {*_PROMISE.findall(text), *in_brackets}
    decisions = {number for found in _DECISION.findall(text) for number in found if number}
    documents = {*_DOCUMENT.findall(text)}
    pages = {name for name in _MARKDOWN.findall(text) if not (ROOT / name).exists()}
    return sorted((promises - _defined()) | (decisions - _decisions()) | documents | pages)


def test_every_promise_is_defined_once_and_none_is_left_out():
    """I1 to I31 in docs/reliability.md, S1 to S46 in docs/security.md."""
    assert _defined() == {f"I{n}" for n in range(1, 32)} | {f"S{n}" for n in range(1, 47)}


def test_no_file_refers_to_what_is_not_here():
    found = {
        str(path.relative_to(ROOT)): names
        for path in _files()
        if path != Path(__file__) and (names := undefined(path.read_text(encoding="utf-8")))
    }

    assert found == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("it is swallowed (F4)", ["F4"]),
        ("asked for once (I21, I99)", ["I99"]),
        ("as S91 says", ["S91"]),
        ("a fact of the real world (Q3, E2)", ["E2", "Q3"]),
        ("longer than retries (INVARIANTS F5)", ["F5", "INVARIANTS"]),
        ("camel case (CONTRACT, I25)", ["CONTRACT"]),
        ("from the settings class (house rule 12)", ["house rule 12"]),
        ("as in QSTASH.md", ["QSTASH.md"]),
        ("[why](docs/decisions/0099-none.md)", ["0099"]),
        ("Decision 0098 says why", ["0098"]),
    ],
)
def test_a_reference_without_a_definition_is_found(text, names):
    assert undefined(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "once (I21), for this address (S3), whatever comes (I1-I3, I6)",
        "S3 paths, F401, I/O, E2E, CONTRACT_TYPES, `=SUM(A1)`",
        "[0012](0012-retries.md) and decision 0005",
        "README.md and CONTRIBUTING.md",
    ],
)
def test_what_is_defined_or_refers_to_nothing_is_let_be(text):
    assert undefined(text) == []
