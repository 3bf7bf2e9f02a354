"""Which mail addresses are taken: those that can be delivered to, each other one by the rule it breaks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.commands import CheckoutPayload
from shared.contracts.envelope import validated
from shared.kernel.errors import InvalidInputError
from shared.kernel.mail_address import (
    ASCII_DOMAIN_RULE,
    DOMAIN_RULE,
    DOT_RULE,
    LOCAL_RULE,
    PATTERN,
    PLAIN_RULE,
    address,
    mailbox_of,
)
from tests.builders import checkout_payload

LONGEST_DOMAIN = ".".join(["b" * 63, "c" * 63, "d" * 58, "de"])
ATEXT = "abcXYZ019!#$%&'*+/=?^_`{|}~-"


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        "a.b+c@x.y.example",
        "o'neil@a-b.example",
        "!#$%&'*+/=?^_`{|}~-@example.com",
        "1@2.example",
        "a@xn--e1afmkfd.xn--p1ai",
        "A@XN--BCHER-KVA.DE",
        "a@xn--bcher-kva.example",
        "a" * 64 + "@example.com",
        "a@" + "b" * 63 + ".de",
        f"{'a' * 64}@{LONGEST_DOMAIN}",
    ],
)
def test_a_deliverable_address_is_kept_as_it_is(text):
    assert address(text) == text
    assert re.search(PATTERN, text)


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000", "\u200b", "\ufeff", "  \u2003"])
def test_blanks_around_an_address_are_dropped(blank):
    """Keyboards that complete words leave one behind; copying from a page leaves others."""
    assert address(f"{blank}ada@example.com{blank}") == "ada@example.com"
    assert re.search(PATTERN, f"{blank}ada@example.com{blank}")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("jane.@x.de", DOT_RULE),
        (".jane@x.de", DOT_RULE),
        ("ja..ne@x.de", DOT_RULE),
        (".@x.de", DOT_RULE),
        ("jäne@x.de", LOCAL_RULE),
        ("иван@xn--e1afmkfd.xn--p1ai", LOCAL_RULE),
        ("ja\u200bne@x.de", LOCAL_RULE),
        ("a" * 65 + "@x.de", LOCAL_RULE),
        ("ja@ne@x.de", PLAIN_RULE),
        ("jane@bücher.de", ASCII_DOMAIN_RULE),
        ("jane@пример.рф", ASCII_DOMAIN_RULE),
        ("jane@x\u3002de", ASCII_DOMAIN_RULE),
        ("jane@x", DOMAIN_RULE),
        ("jane@x.de.", DOMAIN_RULE),
        ("jane@.x.de", DOMAIN_RULE),
        ("jane@x..de", DOMAIN_RULE),
        ("jane@-x.de", DOMAIN_RULE),
        ("jane@x-.de", DOMAIN_RULE),
        ("jane@x_y.de", DOMAIN_RULE),
        ("jane@127.0.0.1", DOMAIN_RULE),
        ("jane@[127.0.0.1]", DOMAIN_RULE),
        ("jane@[IPv6:2001:db8::1]", DOMAIN_RULE),
        ("jane@x.d", DOMAIN_RULE),
        ("jane@x.1a", DOMAIN_RULE),
        ("jane@x.xn--", DOMAIN_RULE),
        ("jane@" + "b" * 64 + ".de", DOMAIN_RULE),
        ('"jane doe"@x.de', PLAIN_RULE),
        ("jane@x.de,eve@y.de", PLAIN_RULE),
        ("jane@x.de;eve@y.de", PLAIN_RULE),
        ("Jane <jane@x.de>", PLAIN_RULE),
        ("jane(work)@x.de", PLAIN_RULE),
        ("jane@x.de (work)", PLAIN_RULE),
        ("mailto:jane@x.de", PLAIN_RULE),
        ("jane@x.de\n", PLAIN_RULE),
        ("jane@x.de\r\nBcc: eve@y.de", PLAIN_RULE),
        ("jane", PLAIN_RULE),
        ("@x.de", PLAIN_RULE),
        ("jane@", PLAIN_RULE),
        ("", PLAIN_RULE),
    ],
)
def test_any_other_is_refused_by_the_rule_it_breaks(text, rule):
    with pytest.raises(ValueError, match=re.escape(rule)):
        address(text)


@pytest.mark.parametrize("extra", [1, 1000])
def test_an_address_that_is_too_long_as_a_whole_is_told_so(extra):
    with pytest.raises(InvalidInputError) as refused:
        validated_mail(f"{'a' * 64}@{'x' * extra}.{LONGEST_DOMAIN}")

    assert refused.value.rule == "must have at most 254 characters"


def validated_mail(text: str) -> None:
    validated(CheckoutPayload, checkout_payload(customerEmail=text))


locals_ = st.lists(st.text(ATEXT, min_size=1, max_size=8), min_size=1, max_size=5).map(".".join)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
lasts = st.sampled_from(["de", "example", "xn--p1ai", "XN--P1AI", "museum"])
domains = st.builds(
    lambda parts, last: ".".join([*parts, last]), st.lists(labels, min_size=1, max_size=4), lasts
)


@given(locals_, domains)
def test_any_dotted_atoms_at_any_domain_are_taken(local, domain):
    assert address(f"{local}@{domain}") == f"{local}@{domain}"


@given(st.text(st.sampled_from(ATEXT + '.@ \n,;<>()"\\[]:ä\u200b\u3002'), max_size=80))
def test_what_is_taken_is_one_address_in_ascii_and_what_the_document_allows(text):
    try:
        found = address(text)
    except ValueError:
        assert re.fullmatch(PATTERN, text) is None
        return
    local, _, domain = found.rpartition("@")
    assert found.isascii()
    assert re.fullmatch(PATTERN, text)
    assert not {*found} & {*' \n,;<>()"\\[]:'}
    assert "@" not in local
    assert ".." not in found
    assert "." in domain


@pytest.mark.parametrize(
    "text", ["a" * 63 + "ä@x.de", "a." * 126 + "@", "a@" + "a-" * 120, "." * 254]
)
def test_an_address_made_to_be_slow_is_not(text):
    """Backtracking over nested repetitions would take years here."""
    with pytest.raises(ValueError, match="must"):
        address(text)


# ------------------------------------------------------------------ one mailbox, other spellings (S42)
ATOMS = st.text(st.sampled_from("abXY019!#$%&'*/=?^_`{|}~-"), min_size=1, max_size=8)
LOCALS = st.lists(ATOMS, min_size=1, max_size=4).map(".".join)
TAGS = st.text(st.sampled_from("abXY019+-_"), max_size=8)
HOSTS = st.sampled_from(["example.com", "mail.Example", "xn--bcher-kva.example"])
GOOGLE = st.sampled_from(["gmail.com", "googlemail.com", "GMail.Com"])


@given(LOCALS, TAGS, st.one_of(HOSTS, GOOGLE))
def test_tag_and_case_lead_to_the_same_mailbox(local, tag, host):
    plain = mailbox_of(f"{local}@{host}")

    assert mailbox_of(f"{local}+{tag}@{host}") == plain
    assert mailbox_of(f"{local}@{host}".upper()) == plain
    assert mailbox_of(f"{local}@{host}".lower()) == plain
    assert mailbox_of(plain) == plain


@given(LOCALS, GOOGLE, GOOGLE, st.data())
def test_google_knows_no_dots_and_two_names_for_one_host(local, host, other, data):
    letters = local.replace(".", "")
    cuts = data.draw(st.sets(st.integers(1, max(1, len(letters) - 1)), max_size=4))
    dotted = "".join(f".{c}" if n in cuts else c for n, c in enumerate(letters))

    assert mailbox_of(f"{dotted}@{host}") == mailbox_of(f"{letters}@{other}")


@given(LOCALS, LOCALS, HOSTS, HOSTS)
def test_different_people_have_different_mailboxes(one, other, host, elsewhere):
    same = (one.lower(), host.lower()) == (other.lower(), elsewhere.lower())

    assert (mailbox_of(f"{one}@{host}") == mailbox_of(f"{other}@{elsewhere}")) == same


@given(LOCALS, TAGS, st.one_of(HOSTS, GOOGLE))
def test_a_mailbox_is_an_address_too(local, tag, host):
    found = mailbox_of(f"{local}+{tag}@{host}")

    assert address(found) == found


@pytest.mark.parametrize("text", ["+x@example.com", "+@example.com", "+a+b@gmail.com"])
def test_a_name_that_begins_with_its_tag_is_a_mailbox_of_its_own(text):
    assert mailbox_of(text) != mailbox_of(f"a{text}")
    assert mailbox_of(text).partition("@")[0]


@pytest.mark.parametrize(
    "pair", [("a-b@x.example", "ab@x.example"), ("a.b@x.example", "ab@x.example")]
)
def test_other_hosts_know_dots_and_hyphens(pair):
    assert mailbox_of(pair[0]) != mailbox_of(pair[1])
