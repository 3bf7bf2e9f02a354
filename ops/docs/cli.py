"""``python -m ops docs``: every page that the code can write itself."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from ops.docs import events, metrics
from ops.docs.api import openapi, page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``docs`` command."""
    parser = commands.add_parser("docs", help="write the pages in docs/ that come from the code")
    parser.set_defaults(run=_run)


def pages() -> Mapping[str, str]:
    """What each generated page must say, by its name in ``docs/``."""
    return {
        "events.md": events.page(),
        "metrics.md": metrics.page(),
        "openapi.json": openapi.text(),
        "api.md": page.renewed((DOCS / "api.md").read_text(encoding="utf-8")),
    }


def _run(_options: argparse.Namespace) -> int:
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return 0
