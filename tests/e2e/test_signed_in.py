"""A stage whose shoppers sign in and whose shop signs its checkouts: the authorizer before the API,
the signature behind it, and what the function makes of both."""

import base64
import json
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.attacks.attack import Checkouts
from local.attacks.catalogue import ATTACKS
from local.attacks.issuer import AUDIENCE, Issuer, new_key, serving
from local.attacks.siege import Verdict, attempt, stage_of
from local.attacks.target import Target
from local.stack.cdk import CONTEXT_VARIABLE
from local.stack.client import Item
from local.stack.home import Home
from local.stack.session import running_stack
from local.terminal import Progress, Terminal
from shared.kernel.ids import cancellation_event_id_for
from tests.e2e.stack_client import Client, cart, line, wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def members(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A stack of its own: an authorizer is there from the first deployment on, or not at all."""
    home = Home(tmp_path_factory.mktemp("members"))
    facts = {
        CONTEXT_VARIABLE: (f"jwt_issuer={issuer.url} jwt_audience={AUDIENCE} checkout_trust=signed")
    }
    with running_stack(home, Progress(Terminal(sys.stderr, live=False)), facts) as stack:
        client = Client.connect(stack)
        yield client
        client.close()


@pytest.fixture
def shopper() -> str:
    """Somebody who has never been here."""
    return f"user-{uuid.uuid4().hex[:12]}"


def test_a_shopper_orders_follows_and_cancels(members: Client, issuer: Issuer, shopper: str):
    sku, token = members.shelf("members-lamp", 5), issuer.authorization(shopper)
    body = json.dumps(cart(line(sku, 2), userId=shopper)).encode()
    answer = members.check_out(body, **members.signed(body))
    assert answer.status_code == 202
    order_id = answer.json()["data"]["orderId"]

    def order_status() -> str | None:
        data: Item = members.checkout_status(order_id, **token).json()["data"]
        return data.get("orderStatus")

    assert wait_for(order_status, "the order is placed") == "PENDING"
    cancelled = members.cancel(order_id, "too bright", **token)

    assert cancelled.status_code == 202
    assert cancelled.json()["data"]["status"] == "cancelling"
    wait_for(lambda: order_status() == "CANCELLED", "the order is cancelled")
    members.quiet()
    order, shelf = members.item("orders", orderId=order_id), members.item("stock", sku=sku)
    assert order is not None
    assert shelf is not None
    assert (order["reason"], order["cancelledBy"]) == ("too bright", "user")
    assert order["trust"] == "signed"
    assert shelf["available"] == 5
    (delivered,) = members.deliveries(eventId=cancellation_event_id_for(order_id))
    assert delivered["eventType"] == "order.cancelled"
    again = members.cancel(order_id, **token)
    assert (again.status_code, again.json()["data"]["status"]) == (200, "cancelled")


def test_a_shopper_corrects_whom_it_goes_to_and_both_mailboxes_hear_of_it(
    members: Client, issuer: Issuer, shopper: str
):
    sku, token = members.shelf("members-chair", 5), issuer.authorization(shopper)
    body = json.dumps(
        cart(line(sku), userId=shopper, customerEmail=f"{shopper}@example.com")
    ).encode()
    order_id = members.check_out(body, **members.signed(body)).json()["data"]["orderId"]
    members.quiet()
    news = {"customerEmail": f"{shopper}@example.org", "customerAddress": "7 Other Road\nElsewhere"}

    asked = members.correct(order_id, news, **token)
    foreign = members.correct(order_id, news, **issuer.authorization("user-2"))

    assert (asked.status_code, asked.json()["data"]["status"]) == (202, "correcting")
    assert foreign.status_code == 404
    wait_for(
        lambda: members.correct(order_id, news, **token).status_code == 200, "the order says so"
    )
    members.quiet()
    order = members.item("orders", orderId=order_id)
    assert order is not None
    assert (order["customerEmail"], order["customerAddress"]) == (
        f"{shopper}@example.org",
        "7 Other Road, Elsewhere",
    )
    (new,) = members.mails(f"{shopper}@example.org")
    before = members.mails(f"{shopper}@example.com")
    assert new["Subject"].startswith("Your order has new contact data")
    assert [mail["Subject"].partition(" - ")[0] for mail in before] == [
        "Order Confirmation",
        "The contact data of your order was changed",
    ]
    assert "example.org" not in str(before)
    assert members.check_out(body, **members.signed(body)).json()["data"]["orderId"] == order_id
    empty = members.correct(order_id, {}, **token)
    assert (empty.status_code, empty.json()["error"]["field"]) == (400, "customerName")


def test_another_shopper_sees_and_cancels_nothing(members: Client, issuer: Issuer, shopper: str):
    sku = members.shelf("members-vase", 5)
    body = json.dumps(cart(line(sku), userId=shopper)).encode()
    order_id = members.check_out(body, **members.signed(body)).json()["data"]["orderId"]
    other = issuer.authorization("user-2")

    foreign = [members.checkout_status(order_id, **other), members.cancel(order_id, **other)]
    unknown = members.checkout_status("ord_" + "0" * 32, **other)

    assert {answer.status_code for answer in foreign} == {404}
    assert {answer.content for answer in foreign} == {unknown.content}


def test_only_what_the_shops_server_signed_now_is_taken(
    members: Client, issuer: Issuer, shopper: str
):
    """Unsigned, forged, changed, re-keyed, stale: one answer, and nothing is stored."""
    sku, now = members.shelf("members-rug", 5), time.time()
    body = json.dumps(cart(line(sku), userId=shopper)).encode()
    genuine = members.signed(body)
    stranger = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()
    bad = {
        "unsigned": {},
        "signed in, and unsigned": issuer.authorization(shopper),
        "forged": {**genuine, "webhook-signature": "v1,AAAA"},
        "of another body": members.signed(body + b" "),
        "renamed": {**genuine, "webhook-id": "another"},
        "of another key": members.signed(body, key=stranger),
        "stale": members.signed(body, now=lambda: now - 400),
        "from the future": members.signed(body, now=lambda: now + 400),
    }
    before = len(members.items("checkouts"))

    answers = {name: members.check_out(body, **headers) for name, headers in bad.items()}

    assert {name: a.status_code for name, a in answers.items()} == dict.fromkeys(bad, 401)
    assert {a.json()["error"]["code"] for a in answers.values()} == {"unauthenticated"}
    assert len({a.content for a in answers.values()}) == 1
    assert len(members.items("checkouts")) == before
    taken = [members.check_out(body, **genuine) for _ in range(3)]
    assert {a.status_code for a in taken} == {202}
    assert len({a.json()["data"]["orderId"] for a in taken}) == 1
    assert len(members.items("checkouts")) == before + 1


def test_without_a_good_token_nothing_reaches_the_function(
    members: Client, issuer: Issuer, shopper: str
):
    """The refusals are the gateway's own, in its own shape."""
    now = int(time.time())
    bad = {
        "none": {},
        "nonsense": {"Authorization": "Bearer nonsense"},
        "another's key": issuer.authorization(shopper, key=new_key()),
        "another issuer": issuer.authorization(shopper, iss="https://login.evil.test"),
        "another audience": issuer.authorization(shopper, aud="app"),
        "expired": issuer.authorization(shopper, exp=now - 60),
    }

    def correct(order_id: str, **headers: str) -> httpx.Response:
        return members.correct(order_id, {"customerName": "Eva"}, **headers)

    for call in (members.checkout_status, members.cancel, correct):
        answers = {name: call("ord_" + "0" * 32, **headers) for name, headers in bad.items()}

        assert {name: a.status_code for name, a in answers.items()} == dict.fromkeys(bad, 401)
        assert {json.dumps(a.json()) for a in answers.values()} == {'{"message": "Unauthorized"}'}


def test_a_token_without_a_user_is_refused_by_the_function(
    members: Client, issuer: Issuer, shopper: str
):
    token = issuer.authorization(shopper, sub=None)

    answer = members.checkout_status("ord_" + "0" * 32, **token)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "sign_in_required"


@pytest.mark.parametrize("checkouts", Checkouts)
def test_no_attack_gets_anything(
    members: Client, issuer: Issuer, tmp_path: Path, checkouts: Checkouts
):
    """What `make attacks` tries, but for what starts programs and functions anew."""
    target = Target(members, issuer, tmp_path)

    with stage_of(members.stack, checkouts):
        chosen = [a for a in ATTACKS if a.checkouts is checkouts and not a.is_slow]
        results = [attempt(attack, target) for attack in chosen]

    assert [(r.attack.name, r.seen) for r in results if r.verdict is not Verdict.HELD] == []
    assert members.check_out(cart(line("members-lamp"))).status_code == 401
    # What waits for the next hour would keep the stack from coming to rest.
    members.forget_messages()


def test_where_nobody_signs_in_there_is_no_such_route(client: Client):
    order_id = "ord_" + "0" * 32

    for answer in (client.cancel(order_id), client.correct(order_id, {"customerName": "Eva"})):
        assert answer.status_code == 404
        assert "success" not in answer.json()
