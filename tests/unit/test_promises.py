"""Every promise, I1 to I31 and S1 to S46, names code that is there and tests that are there."""

import re
from pathlib import Path

import pytest

from tests.mutations.catalog import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_LINK = re.compile(r"\[`(\w+)`\]\(\.\./([\w./]+\.py)\)")


def _sections() -> dict[str, str]:
    page = (DOCS / "security.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (S[0-9]+) · .+$", page, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _parts(section: str) -> dict[str, str]:
    found = re.split(
        r"^\*\*(Promise\.|Protected by|Tests|What remains\.)\*\*", section, flags=re.MULTILINE
    )
    return dict(zip(found[1::2], found[2::2], strict=True))


def _missing(links: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (name, path)
        for name, path in links
        if not (ROOT / path).exists() or not _defines(ROOT / path, name)
    ]


def _defines(path: Path, name: str) -> bool:
    source = path.read_text(encoding="utf-8")
    defined = rf"^\s*(?:class|def) {name}\b|^\s*{name}(?:: [^=\n]+)? = "
    return re.search(defined, source, re.MULTILINE) is not None


SECURITY = _sections()


def test_every_security_promise_is_there_once_in_order():
    assert list(SECURITY) == [f"S{n}" for n in range(1, 47)]


@pytest.mark.parametrize("code", SECURITY)
def test_a_security_promise_says_what_keeps_it_what_holds_it_and_what_remains(code):
    """A name is defined in the file that it links to, and a test is a test of that file."""
    parts = _parts(SECURITY[code])
    protecting, holding = _LINK.findall(parts["Protected by"]), _LINK.findall(parts["Tests"])

    assert list(parts) == ["Promise.", "Protected by", "Tests", "What remains."]
    assert all(text.strip() for text in parts.values())
    assert protecting
    assert all(not path.startswith("tests/") for _, path in protecting)
    assert holding
    assert all(name.startswith("test_") and path.startswith("tests/") for name, path in holding)
    assert _missing(protecting + holding) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.invariant)
def test_a_promise_about_orders_names_a_line_and_tests_that_exist(mutation):
    """Here at once; that the tests go red without the line takes a copy and longer."""
    source = (ROOT / mutation.path).read_text(encoding="utf-8")
    tests = [test.partition("::")[::2] for test in mutation.tests]

    assert source.count(mutation.line) == 1
    assert tests
    assert all((ROOT / path).exists() for path, _ in tests)
    assert _missing([(name, path) for path, name in tests if name]) == []


def test_every_word_of_the_glossary_is_there_once_in_order_and_stands_in_code():
    """Each names the field's own term, and code that is in the file that it links to."""
    page = (DOCS / "glossary.md").read_text(encoding="utf-8")
    rows = [
        re.split(r" \| ", line.strip("| "))
        for line in re.findall(r"^\| .+ \|$", page, re.MULTILINE)
    ]
    words = [row[0] for row in rows[1:]]

    assert len(words) > 50
    assert words == sorted(set(words), key=str.lower)
    assert all(len(row) == 4 and all(row) for row in rows)
    assert all(row[2].endswith(".") and "](" in row[3] for row in rows[1:])
    assert _missing(_LINK.findall(page)) == []
