"""Previews: every template with data that a person would believe, and nothing from elsewhere."""

import re

import pytest

from functions.notifications.channels.email.template_data import TEMPLATES
from ops.__main__ import main
from ops.mail.samples import SAMPLES


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mails") / "new"
    assert main(["mail", "preview", "--out", str(folder)]) == 0
    return folder


def test_every_template_is_shown(folder):
    assert {template for template, _ in SAMPLES.values()} == set(TEMPLATES)
    assert set(TEMPLATES) <= set(SAMPLES)
    for name in SAMPLES:
        assert (folder / f"{name}.html").read_text().startswith("<!doctype html>")
        assert "<" not in (folder / f"{name}.txt").read_text()


def test_index_frames_each_mail_at_both_widths_in_both_schemes(folder):
    index = (folder / "index.html").read_text()

    for name in SAMPLES:
        for scheme in ("light", "dark"):
            for width in (800, 400):
                assert f'src="{name}.{scheme}.html" width="{width}"' in index


def test_every_link_of_the_index_leads_to_a_file_beside_it(folder):
    names = re.findall(r'(?:src|href)="([^"#]+)"', (folder / "index.html").read_text())

    assert names
    assert [name for name in names if not (folder / name).is_file()] == []


def test_nothing_is_loaded_from_anywhere_else(folder):
    for path in folder.glob("*.html"):
        loaded = re.findall(r"(?:src=|url\(|@import|<link|<script)[^>]*", path.read_text())
        assert [one for one in loaded if "//" in one] == []


def test_the_frames_show_the_scheme_they_say(folder):
    assert "prefers-color-scheme" in (folder / "order-shipped.html").read_text()
    assert "@media all" in (folder / "order-shipped.dark.html").read_text()
    assert "@media not all" in (folder / "order-shipped.light.html").read_text()
