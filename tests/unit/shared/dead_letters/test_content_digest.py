"""What tells letters of one event id apart: content by value, not by its spelling."""

import pytest

from shared.kernel import strict_json
from shared.messaging.dead_letters.dead_letter import content_digest, original_of


@pytest.mark.parametrize("spelling", ["25", "25.0", "25.00", "2.5e1"])
def test_a_letter_that_is_sent_again_is_the_same_letter(spelling):
    """Its numbers are written anew then: as another letter it would be out of reach for ever."""
    body = b'{"eventId":"e","eventType":"t","payload":{"a":1,"price":%s}}' % spelling.encode()
    original = original_of(body)
    again = original_of(strict_json.dumps(original).encode())

    assert content_digest(again) == content_digest(original)
    assert content_digest(original) == content_digest(
        {"eventType": "t", "payload": {"price": 25, "a": 1}}
    )


@pytest.mark.parametrize(
    "other",
    [
        {"eventType": "u", "payload": {"price": 25}},
        {"eventType": "t", "payload": {"price": 25.01}},
        {"eventType": "t", "payload": {"price": "25"}},
        {"eventType": "t", "payload": None},
        {"eventType": "t"},
    ],
)
def test_other_content_is_another_letter(other):
    assert content_digest(other) != content_digest({"eventType": "t", "payload": {"price": 25}})
