"""Content-based deduplication: what counts as the same content."""

import pytest

from local.qstash.model.dedup import content_key, explicit_key

BASE = ("http://127.0.0.1/", b"body", {"Content-Type": ["text/plain"], "X": ["1"]})


def test_the_order_of_headers_does_not_matter():
    url, body, headers = BASE
    assert content_key(url, body, dict(reversed(headers.items()))) == content_key(*BASE)


@pytest.mark.parametrize(
    "other",
    [
        ("http://127.0.0.1/x", b"body", BASE[2]),
        ("http://127.0.0.1/", b"Body", BASE[2]),
        ("http://127.0.0.1/", b"body", {"Content-Type": ["text/html"], "X": ["1"]}),
        ("http://127.0.0.1/", b"body", {"Content-Type": ["text/plain"], "X": ["2"]}),
        ("http://127.0.0.1/", b"body", {"Content-Type": ["text/plain"]}),
        ("http://127.0.0.1/b", b"ody", BASE[2]),
    ],
)
def test_any_difference_makes_another_message(other):
    assert content_key(*other) != content_key(*BASE)


def test_a_chosen_id_never_meets_a_content_hash():
    assert explicit_key(content_key(*BASE)) != content_key(*BASE)
