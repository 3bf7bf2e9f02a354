"""Documents that are generated, or that name files, tell the truth."""

import re
from pathlib import Path

import pytest

from ops.docs import cli
from ops.docs.api import page

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not {".venv", "node_modules", "cdk.out", ".local"} & set(path.relative_to(ROOT).parts)
]


@pytest.mark.parametrize("name", ["events.md", "metrics.md", "openapi.json", "api.md"])
def test_a_generated_page_is_what_the_code_says(name):
    """``make docs`` writes it; nobody edits it."""
    assert cli.pages().keys() == {"events.md", "metrics.md", "openapi.json", "api.md"}
    assert (cli.DOCS / name).read_text(encoding="utf-8") == cli.pages()[name]


@pytest.mark.parametrize("text", ["", page.BEGIN, page.END, page.END + page.BEGIN])
def test_a_page_without_a_place_for_its_table_is_refused(text):
    """Rather than written without it, or twice."""
    with pytest.raises(page.MarksMissingError):
        page.renewed(text)


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_line_is_longer_than_120_characters(page):
    """Tables and code keep their lines, and the target of a link does not count: none can wrap."""
    assert _too_long(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("word " * 24, []),
        ("word " * 25, [1]),
        ("- " + "word " * 24, [1]),
        ("| " + "word " * 30, []),
        (f"```\n{'word ' * 30}\n```\n{'word ' * 30}", [4]),
        (f"{'word ' * 20}[there](../{'long/' * 30})", []),
    ],
)
def test_a_line_that_is_too_long_is_found_by_its_number(text, found):
    assert _too_long(text) == found


def _too_long(text: str) -> list[int]:
    code, found = False, []
    for number, line in enumerate(text.splitlines(), 1):
        fence = line.lstrip().startswith("```")
        code = code != fence
        shown = re.sub(r"\]\([^)]*\)", "]", line.rstrip())
        if not code and not fence and not line.startswith("|") and len(shown) > 120:
            found.append(number)
    return found


def test_every_name_of_the_tour_is_in_the_file_that_it_links_to():
    """A reader who follows a link finds what the sentence speaks of."""
    tour = ROOT / "docs" / "tour.md"
    links = re.findall(r"\[`(\w+)`\]\(([\w./]+\.py)\)", tour.read_text(encoding="utf-8"))
    missing = [
        (name, target)
        for name, target in links
        if name not in _defined_in((tour.parent / target).read_text(encoding="utf-8"))
    ]

    assert len(links) > 20
    assert missing == []


def test_the_tour_leads_through_as_many_files_as_it_says():
    """Each counts once; what stands behind a step is for those who want it."""
    tour = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    path, _, behind = tour.partition("## If you want to look behind a step")

    assert "You open sixteen files." in path
    assert len(set(re.findall(r"\]\((\.\./[\w./]+\.py)\)", path))) == 16
    assert behind


def _defined_in(source: str) -> set[str]:
    found = re.findall(r"^(?:class|def) (\w+)|^(\w+)(?:: [^=\n]+)? = ", source, re.MULTILINE)
    return {name for names in found for name in names if name}
