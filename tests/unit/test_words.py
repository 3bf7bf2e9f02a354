"""Words that were replaced stay away: in names, in Markdown, and in what programs say.

``STILL_HERE`` and ``STILL_SAID`` list the ones that wait for their replacement. A test fails when one
of them is gone: then take it off the list, and it cannot come back.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("benchmarks", "commandline", "functions", "infra", "local", "ops", "shared")
LEFT_OUT = {".venv", "node_modules", "cdk.out", ".local", ".git"}

OLD_NAMES = {
    "Books": "OperatorLedger",
    "Clockwork": "Schedule",
    "Deed": "OperatorAction",
    "Desk": "a service, or Dependencies",
    "Fate": "SendResult",
    "Hold": "Reservation",
    "HoldStatus": "ReservationStatus",
    "HoldTables": "a name with Reservation",
    "Holds": "a name with Reservation",
    "Ingress": "HttpApi",
    "InvocationGate": "ConcurrencyLimiter",
    "Lanes": "Dispatcher",
    "Lapse": "Duration",
    "Letter": "DeadLetter",
    "LetterBox": "DeadLetterStore",
    "MailDesk": "MailService",
    "Notice": "Message",
    "Once": "SendOnce",
    "PATIENCE": "OVERDUE_AFTER",
    "RefundDesk": "RefundService",
    "Settled": "AlreadyDecided",
    "Shelf": "StockRow",
    "ShelfState": "StockRow",
    "ShelfTables": "a name with Stock",
    "Situation": "CheckoutSnapshot",
    "Story": "StockTotals, AuditTimeline",
    "SuppressionDesk": "SuppressionService",
    "_patiently": "_retry_contention",
    "_told": "what the function does",
    "give_back": "release",
    "nought": "zero",
    "put_back": "return_to_stock",
    "turned_down": "rejection_writes",
    "within_reach": "orderable",
}

STILL_HERE: tuple[str, ...] = ()

OLD_FILES = {
    "announcements": "events",
    "books": "operator_ledger",
    "clockwork": "schedule",
    "desk": "service",
    "hold_store": "reservation_store",
    "holds": "reservation",
    "ingress": "http_api",
    "lanes": "dispatch",
    "shelves": "stock",
    "texts": "sns",
}

OLD_WORDS = {
    # Letters of an alphabet stay, and `to the letter`.
    "letter": r"(?<!dead )(?<!dead-)(?<!ASCII )(?<!and )(?<!63 )(?<!must be a )\bletters?\b(?! and digit)",
    "shelf": r"\bshel(?:f|ves)\b",
    # The noun, not the verb: a test holds something.
    "hold": r"\b(?:a|an|the|any|each|every|no|another|of|earlier|newer|its) holds?\b(?! (?:it|the|a)\b)",
    "books": r"\bthe books\b",
    "nobody": r"\bnobody\b",
    "somebody": r"\bsomebody\b",
    "whoever": r"\bwhoever\b",
    "nought": r"\bnought\b",
}

STILL_SAID: tuple[str, ...] = (
    "shelf",
    "nobody",
    "somebody",
    "whoever",
)

VAGUE = ("nobody", "somebody", "whoever", "nought")
"""Words that name no actor: comments and docstrings do without them, too."""

STILL_COMMENTED = (
    "functions/notifications/domain.py",
    "functions/notifications/send_ledger.py",
    "ops/",
    "shared/telemetry/powertools.py",
)
"""Files and folders whose comments wait for their replacement."""


def _files(suffix: str) -> Iterator[Path]:
    for path in sorted(ROOT.rglob(f"*{suffix}")):
        if not LEFT_OUT & set(path.relative_to(ROOT).parts):
            yield path


def names_in(source: str) -> set[str]:
    """Every name in Python source; comments, docstrings and texts hold none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def said_in(source: str) -> str:
    """Every text in Python source that is no docstring, a line each."""
    tree = ast.parse(source)
    bare = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return "\n".join(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare
    )


def commented_in(source: str) -> str:
    """Every comment and docstring in Python source, a line each."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT]
    docstrings = [
        node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    return "\n".join([*comments, *docstrings])


def words_in(text: str) -> set[str]:
    """The old words that a text uses; code in it, between backticks, does not count."""
    prose = re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    prose = re.sub(r"\s+", " ", prose)
    return {word for word, pattern in OLD_WORDS.items() if re.search(pattern, prose, re.IGNORECASE)}


@cache
def _names_here() -> dict[str, str]:
    quick = re.compile(rf"\b(?:{'|'.join(OLD_NAMES)})\b")
    found: dict[str, str] = {}
    for path in _files(".py"):
        source = path.read_text(encoding="utf-8")
        if path != Path(__file__) and quick.search(source):
            found |= dict.fromkeys(names_in(source) & OLD_NAMES.keys(), str(path))
    return found


@cache
def _words_said() -> dict[str, str]:
    quick = re.compile("|".join(OLD_WORDS.values()), re.IGNORECASE)
    found: dict[str, str] = {}
    for path in _files(".py"):
        source = path.read_text(encoding="utf-8")
        if path.relative_to(ROOT).parts[0] in PRODUCT and quick.search(source):
            found |= dict.fromkeys(words_in(said_in(source)), str(path))
    return found


def _without(found: dict[str, str], waiting: Iterable[str]) -> dict[str, str]:
    return {word: where for word, where in found.items() if word not in waiting}


def test_an_old_name_does_not_come_back():
    assert _without(_names_here(), STILL_HERE) == {}


def test_a_name_that_waits_for_its_replacement_is_still_here():
    """Else it is done: take it off the list, and the test above keeps it away."""
    assert set(STILL_HERE) <= OLD_NAMES.keys()
    assert sorted(set(STILL_HERE) - _names_here().keys()) == []


def test_an_old_file_name_does_not_come_back():
    """In the product; a decision keeps the name that it was given."""
    found = [
        str(path.relative_to(ROOT))
        for path in _files(".py")
        if path.stem in OLD_FILES and path.relative_to(ROOT).parts[0] in PRODUCT
    ]

    assert found == []


def test_no_program_says_an_old_word():
    assert _without(_words_said(), STILL_SAID) == {}


def test_a_word_that_waits_for_its_replacement_is_still_said():
    assert set(STILL_SAID) <= OLD_WORDS.keys()
    assert sorted(set(STILL_SAID) - _words_said().keys()) == []


@cache
def _vague_comments() -> frozenset[str]:
    """Files of the product whose comments or docstrings name no actor."""
    quick = re.compile(rf"\b(?:{'|'.join(VAGUE)})\b", re.IGNORECASE)
    return frozenset(
        str(path.relative_to(ROOT))
        for path in _files(".py")
        if path.relative_to(ROOT).parts[0] in PRODUCT
        and quick.search(source := path.read_text(encoding="utf-8"))
        and words_in(commented_in(source)) & set(VAGUE)
    )


def test_a_comment_names_who_acts():
    assert sorted(file for file in _vague_comments() if not file.startswith(STILL_COMMENTED)) == []


def test_a_place_whose_comments_wait_still_has_such_a_word():
    done = [
        place
        for place in STILL_COMMENTED
        if not any(file.startswith(place) for file in _vague_comments())
    ]
    assert done == []


@pytest.mark.parametrize("page", [*_files(".md")], ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_uses_an_old_word(page):
    assert words_in(page.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Nobody replays a letter.", {"nobody", "letter"}),
        ("The end of a\nhold; units on the shelf", {"hold", "shelf"}),
        ("It counts as nought, whoever asks.", {"nought", "whoever"}),
        ("A test holds the order, and the hold ends.", {"hold"}),
        ("A dead letter, dead letters, `letter`, 63 letters and digits", set()),
        ("What the table holds, and each test holds it", set()),
        ("See [0013](decisions/0013-holds.md).", set()),
    ],
)
def test_an_old_word_is_found_and_the_words_of_others_are_let_be(text, words):
    assert words_in(text) == words


def test_an_old_name_is_found_in_code_and_not_in_prose():
    source = 'def once() -> None:\n    """Once is enough."""\n    Fate("Notice")  # Desk\n'

    assert names_in(source) & OLD_NAMES.keys() == {"Fate"}
    assert said_in(source) == "Notice"


def test_a_word_is_found_in_a_comment_and_in_a_docstring_and_not_in_code():
    source = 'def nought() -> str:\n    """Whoever asks."""\n    return "somebody"  # Nobody.\n'

    assert words_in(commented_in(source)) == {"whoever", "nobody"}
