"""Attacks of a web page that a developer has open, on every port of the local stack."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from local.attacks.attack import Attack, Checkouts, must, needs
from local.attacks.target import Target

_SIGNED = Checkouts.SIGNED
_REFUSED = frozenset({403, 421})
_EVIL = "https://evil.example"


def _doors(target: Target) -> Iterator[tuple[str, str]]:
    """Method and address of what answers on the stack's ports."""
    stack = target.client.stack
    qstash, emulator = stack.qstash["url"], stack.aws.endpoint_url
    yield "GET", f"{qstash}/v2/keys"
    yield "POST", f"{qstash}/v2/keys/rotate"
    yield "POST", f"{qstash}/v2/publish/{target.client.url('commands')}"
    yield "GET", f"{qstash}/_dev/deliveries"
    yield "POST", f"{qstash}/_dev/reset"
    yield "GET", f"{emulator}/_ministack/ready"
    yield "GET", stack.mailbox_url
    yield "POST", f"{emulator}/"
    yield "PUT", f"{emulator}/bucket"
    yield "POST", f"{stack.api_url}/api/checkout"
    yield "GET", f"{stack.api_url}/api/checkout/ord_{'0' * 32}"


def _all_refused(target: Target, *headers: dict[str, str]) -> None:
    token = {"Authorization": f"Bearer {target.client.stack.qstash['token']}"}
    before = target.client.stack.qstash["current_signing_key"]
    for method, url in _doors(target):
        for given in headers:
            answer = target.client.http.request(method, url, headers={**token, **given})
            at = urlsplit(url)
            must(
                answer.status_code in _REFUSED,
                f"{method} {at.path} on port {at.port} with {given}: {answer.status_code}",
            )
    url = f"{target.client.stack.qstash['url']}/v2/keys"
    keys = target.client.http.get(url, headers=token)
    needs(keys.status_code == 200, "a program of this machine is refused, too")
    must(keys.json()["current"] == before, "the signing keys were rotated")


def rebind_a_name(target: Target) -> None:
    """A page's own name leads to this machine for a moment, so its requests have that Host."""
    _all_refused(target, {"Host": "evil.example"}, {"Host": "localhost.evil.example"})


def ask_from_a_page(target: Target) -> None:
    """A page asks by script, from its own origin and from one without a name."""
    _all_refused(target, {"Origin": _EVIL}, {"Origin": "null"})


def send_a_form(target: Target) -> None:
    """What a browser sends without asking first: a form, an image, a script."""
    form = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    _all_refused(
        target,
        {**form, "Content-Type": "text/plain"},
        {**form, "Content-Type": "application/x-www-form-urlencoded"},
        {**form, "Origin": _EVIL, "Content-Type": "text/plain"},
    )


def post_to_redis(target: Target) -> None:
    """Lines of a form's body as commands of Redis."""
    key, at = target.new("form"), urlsplit(target.client.stack.redis_url)
    body = f"SET {key} 1\r\nSAVE\r\n".encode()

    for headers in ({}, {"Origin": _EVIL, "Content-Type": "text/plain"}):
        try:
            httpx.post(
                f"http://{at.hostname}:{at.port}/", content=body, headers=headers, trust_env=False
            )
        except httpx.HTTPError:  # it hangs up, or answers what is no HTTP
            continue

    must(target.recall(key) is None, "a form wrote into Redis")


ATTACKS = (
    Attack(
        "a page by a name that leads here",
        "the local stack",
        "403 or 421 on every port",
        "S30",
        _SIGNED,
        rebind_a_name,
    ),
    Attack(
        "a page asks by script",
        "the local stack",
        "403 or 421 on every port",
        "S30",
        _SIGNED,
        ask_from_a_page,
    ),
    Attack(
        "a page sends a form",
        "the local stack",
        "403 or 421 on every port",
        "S30",
        _SIGNED,
        send_a_form,
    ),
    Attack(
        "a form to Redis",
        "marks of events",
        "a closed connection, nothing is written",
        "S30",
        _SIGNED,
        post_to_redis,
    ),
)
