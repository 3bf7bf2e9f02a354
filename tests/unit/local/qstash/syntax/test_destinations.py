"""Where deliveries may go, and how a route changes the socket but not the URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.browser_guard import is_loopback
from local.qstash.errors import BadRequestError
from local.qstash.syntax.destinations import Destinations, Target, parse_route

ROUTED = Destinations((parse_route("*.on.aws=127.0.0.1:4566"),))


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000/x", "http://localhost/x", "http://[::1]:80/x", "http://127.9.9.9"],
)
def test_loopback_is_always_allowed(url):
    Destinations().check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "http://127.0.0.1@example.com/",
        "http://example.com#@127.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://2130706433/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost.example.com/",
        "http://on.aws/",
        "http://evil.example/?x=.on.aws",
    ],
)
def test_nothing_leaves_the_machine_unless_allowed(url):
    with pytest.raises(BadRequestError, match="invalid destination url"):
        ROUTED.check(url)


def test_allow_external_lifts_the_limit():
    target = Destinations(allow_external=True).resolve("https://example.com/hook?a=1")

    assert target == Target("https", "example.com", 443, "example.com", "/hook?a=1")


@pytest.mark.parametrize(
    "url",
    [
        "example.com/hook",
        "group-name",
        "https%3A%2F%2Fexample.com",
        "ftp://127.0.0.1/",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_missing_scheme_is_refused_in_the_words_of_the_service(url):
    with pytest.raises(
        BadRequestError, match="endpoint has invalid scheme, add http:// or https://"
    ):
        Destinations(allow_external=True).check(url)


@pytest.mark.parametrize(
    "url",
    ["http://", "http:///path", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://[::1/", "http://a\\@b/",
     "http://127.0.0.1/a b", "http://127.0.0.1/\r\nHost:x", "http://user:pw@127.0.0.1/", "http://münchen.example/",
     "http://127.0.0.1/\ud800", "http://[::1%25lo]/", "http://127.0.0.1:1:2/"],
)  # fmt: skip
def test_malformed_urls_are_refused(url):
    with pytest.raises(BadRequestError, match="invalid destination url"):
        Destinations(allow_external=True).check(url)


def test_a_route_changes_the_socket_and_keeps_host_and_path():
    target = ROUTED.resolve("https://abc.lambda-url.us-east-1.on.aws/api//x/../y?z=%2F&a=//b")

    assert target == Target(
        scheme="http",
        host="127.0.0.1",
        port=4566,
        host_header="abc.lambda-url.us-east-1.on.aws",
        path_and_query="/api//x/../y?z=%2F&a=//b",
    )


def test_routes_match_hosts_in_any_case_and_the_first_one_wins():
    destinations = Destinations((parse_route("A.example=127.0.0.1:1"), parse_route("*=[::1]:2")))

    assert destinations.resolve("http://a.EXAMPLE/").port == 1
    assert destinations.resolve("http://b.example/").host == "::1"


def test_characters_outside_ascii_are_escaped_on_the_wire():
    assert Destinations().resolve("http://127.0.0.1/ä?q=ö").path_and_query == "/%C3%A4?q=%C3%B6"


@pytest.mark.parametrize(
    "text", ["", "x", "x=", "=127.0.0.1:1", "x=host", "x=host:0", "x=host:70000", "x=:80"]
)
def test_malformed_routes_are_refused(text):
    with pytest.raises(ValueError, match="PATTERN=HOST:PORT"):
        parse_route(text)


@given(st.text(max_size=40))
def test_whatever_follows_the_scheme_is_refused_or_stays_on_this_machine(text):
    try:
        target = Destinations().resolve(f"http://{text}")
    except BadRequestError:
        return

    assert is_loopback(target.host)
    assert target.path_and_query.isascii()
