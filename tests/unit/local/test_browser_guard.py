from collections.abc import Coroutine
from typing import Any

import pytest

from local.browser_guard import BrowserGuard, Doors

PORT = 8080
STOREFRONT = "http://localhost:5173"
PLAIN = Doors()


def scope(*headers: tuple[str, str], kind: str = "http", path: str = "/") -> dict[str, Any]:
    return {
        "type": kind,
        "path": path,
        "server": ("127.0.0.1", PORT),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }


def status(*headers: tuple[str, str], doors: Doors = PLAIN, path: str = "/") -> int:
    refusal = doors.refusal(scope(*headers, path=path))
    return 200 if refusal is None else refusal.status


def host(value: str) -> tuple[str, str]:
    return ("Host", value)


@pytest.mark.parametrize(
    "name",
    ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST:8080", "api.localhost:8080",
     "127.0.0.2:8080", "localhost.:8080"],
)  # fmt: skip
def test_a_program_on_this_machine_gets_its_answer(name):
    assert status(host(name)) == 200


@pytest.mark.parametrize(
    "name",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example:8080", "localhost.evil.example:8080",
     "", ":8080", "127.0.0.1:8080@evil.example", "evil@127.0.0.1:8080",
     "127.0.0.1:8080/x", "127.0.0.1:99999", "127.0.0.1:x", "xlocalhost:8080", "0.0.0.0:8080",
     "2130706433:8080", "[::ffff:8.8.8.8]:8080", "x.on.aws.evil.example", "\xff"],
)  # fmt: skip
def test_a_name_that_leads_here_but_is_not_ours_is_misdirected(name):
    doors = Doors(hosts=("*.on.aws",))

    assert status(host(name), doors=doors) == 421


def test_a_request_without_host_or_with_two_is_misdirected():
    assert status() == 421
    assert status(host("localhost:8080"), host("evil.example")) == 421
    assert status(host("localhost:8080"), host("localhost:8080")) == 421


def test_names_that_the_server_is_called_by_elsewhere_pass_at_any_port():
    doors = Doors(hosts=("*.on.aws",))

    assert status(host("abc.lambda-url.eu-west-1.on.aws"), doors=doors) == 200
    assert status(host("abc.lambda-url.eu-west-1.on.aws:443"), doors=doors) == 200
    assert status(host("abc.lambda-url.eu-west-1.on.aws")) == 421


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "", "http://localhost:3000", "http://127.0.0.1:8081", "http://[",
     "http://localhost:8080.evil.example", "http://evil.example:8080", "file://", "\xff",
     "chrome-extension://abc", "http://localhost:8080, http://evil.example", STOREFRONT],
)  # fmt: skip
def test_pages_of_other_servers_are_refused(origin):
    assert status(host("localhost:8080"), ("Origin", origin)) == 403


def test_the_servers_own_pages_may_ask():
    assert status(host("localhost:8080"), ("Origin", "http://localhost:8080")) == 200
    assert status(host("127.0.0.1:8080"), ("Origin", "http://127.0.0.1:8080")) == 200


def test_two_origins_are_none_that_may_ask():
    own = ("Origin", "http://localhost:8080")

    assert status(host("localhost:8080"), own, own) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "sideways"])
def test_images_forms_and_links_of_other_pages_are_refused(site):
    assert status(host("localhost:8080"), ("Sec-Fetch-Site", site)) == 403


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_an_address_that_a_person_typed_is_answered(site):
    assert status(host("localhost:8080"), ("Sec-Fetch-Site", site)) == 200


def test_two_words_about_the_site_must_both_be_good():
    sites = (("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site"))

    assert status(host("localhost:8080"), *sites) == 403


def test_the_storefront_may_ask_for_what_it_is_let_in_for_and_nothing_else():
    doors = Doors(guests=lambda asked: {STOREFRONT} if asked["path"].startswith("/api") else set())
    asking = (host("localhost:8080"), ("Origin", STOREFRONT), ("Sec-Fetch-Site", "same-site"))

    assert status(*asking, doors=doors, path="/api/checkout") == 200
    assert status(*asking, doors=doors, path="/other") == 403
    assert (
        status(host("localhost:8080"), ("Origin", "http://x.example"), doors=doors, path="/api")
        == 403
    )
    # What a page causes without naming itself is nothing a storefront needs.
    assert (
        status(host("localhost:8080"), ("Sec-Fetch-Site", "same-site"), doors=doors, path="/api")
        == 403
    )


def test_a_port_that_was_forwarded_or_left_out_is_no_other_name():
    assert status(host("localhost")) == 200
    assert status(host("127.0.0.1:1")) == 200


def run(playing: Coroutine[Any, Any, Any]) -> Any:
    """Runs what never waits, without an event loop and its sockets."""
    try:
        playing.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waits")


async def _play(asked: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    reached: list[str] = []
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await BrowserGuard(application, Doors())(asked, receive, send)
    return sent, reached


def test_a_refusal_is_an_answer_and_the_server_behind_never_hears_of_it():
    sent, reached = run(_play(scope(host("evil.example"))))

    assert reached == []
    assert sent[0]["status"] == 421
    assert b"Host" in sent[1]["body"]


def test_a_foreign_page_opens_no_websocket():
    foreign = scope(host("localhost:8080"), ("Origin", "http://evil.example"), kind="websocket")
    sent, reached = run(_play(foreign))

    assert reached == []
    assert sent == [{"type": "websocket.close"}]


def test_what_is_no_request_passes():
    assert run(_play({"type": "lifespan"})) == ([], ["lifespan"])
    assert run(_play(scope(host("localhost:8080")))) == ([], ["http"])
