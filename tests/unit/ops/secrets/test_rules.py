"""Every secret is known, by the rules of the functions that read it."""

import pytest

from ops.secrets import rules
from tests.signing import CHECKOUT_KEY, CURRENT_KEY

GOOD = {
    "CHECKOUT_CURRENT_SIGNING_KEY": CHECKOUT_KEY,
    "CHECKOUT_NEXT_SIGNING_KEY": CHECKOUT_KEY,
    "ORDER_ID_KEY": "0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef",
    "QSTASH_CURRENT_SIGNING_KEY": CURRENT_KEY,
    "QSTASH_NEXT_SIGNING_KEY": CURRENT_KEY,
    "QSTASH_TOKEN": "eyJVc2VySUQiOiJkZWZhdWx0In0=",
    "REDIS_URL": "rediss://default:secret@redis.shop.test:6379",
}


def test_every_secret_has_an_example_here():
    assert tuple(GOOD) == rules.NAMES


@pytest.mark.parametrize("name", rules.NAMES)
def test_a_good_secret_breaks_no_rule(name):
    assert rules.problem(name, GOOD[name]) is None


@pytest.mark.parametrize("name", rules.NAMES)
@pytest.mark.parametrize("torn", ["", " ", "x y", "ä" * 40, "\x00" * 40])
def test_a_torn_secret_breaks_a_rule_that_does_not_show_it(name, torn):
    rule = rules.problem(name, GOOD[name] + torn if torn else "")

    assert rule is not None
    assert GOOD[name] not in rule


@pytest.mark.parametrize("url", ["redis://:pw@redis.shop.test:6379", "unix:///run/redis.sock"])
def test_a_redis_that_is_reached_in_plain_text_breaks_a_rule(url):
    assert "must be rediss://" in str(rules.problem("REDIS_URL", url))


def test_an_open_stage_needs_no_key_of_the_shop():
    assert set(rules.required("signed")) - set(rules.required("open")) == {rules.CHECKOUT_CURRENT}
    assert rules.CHECKOUT_NEXT not in rules.required("signed")
