"""Documents that are generated, or that name files, tell the truth."""

import re
from pathlib import Path

import pytest

from ops import event_docs, metric_docs

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not {".venv", "node_modules", "cdk.out", ".local"} & set(path.relative_to(ROOT).parts)
]


def test_the_event_page_is_what_the_contract_says():
    """``make docs`` writes it; nobody edits it."""
    assert event_docs.PAGE.read_text(encoding="utf-8") == event_docs.page()


def test_the_metrics_page_is_what_the_table_says():
    """The same."""
    assert metric_docs.PAGE.read_text(encoding="utf-8") == metric_docs.page()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page):
    """Relative links, from where the page lies."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_in_backticks_exists(page):
    """``shared/…``, ``functions/…`` and the like, written with a slash and without a wildcard."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(
        r"`((?:shared|functions|infra|local|ops|tests|docs|requirements)/[\w./-]+)`", text
    )
    missing = [name for name in named if not (ROOT / name).exists()]

    assert missing == []
