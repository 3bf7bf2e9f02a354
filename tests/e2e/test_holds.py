"""Units held for orders, on the deployed stack."""

import uuid

import pytest

from tests.e2e.stack_client import cart, line, wait_for

pytestmark = pytest.mark.e2e

# Before any hold of these tests was placed.
LONG_AGO = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def no_timers_left(client):
    """A hold leaves a release on its way for a quarter of an hour: nobody waits for it here."""
    yield
    client.at_rest()
    client.forget_messages()


@pytest.mark.usefixtures("no_timers_left")
def test_fifty_reservations_for_ten_units_make_ten_holds_and_a_released_one_goes_back(client):
    sku = client.shelf("e2e-hold", 10)
    ids = [f"ord_hold_{uuid.uuid4().hex[:8]}" for _ in range(50)]
    for order_id in ids:
        client.publish(client.url("commands"), _command("reserve", order_id, sku))

    held = wait_for(lambda: _held(client, ids, 10), "ten holds", limit=90)
    # Until every other command was refused: one that is tried again would take the unit.
    client.at_rest()

    row = client.item("stock", sku=sku)
    assert (row["available"], row["reserved"]) == (0, 10)
    release = _command("release", held[0], sku)
    release["payload"]["reason"] = "cancelled"
    client.publish(client.url("commands"), release)
    wait_for(lambda: client.item("stock", sku=sku)["available"] == 1, "the unit is back")


def test_an_expired_hold_is_back_on_the_shelf(client):
    """By the release that was sent with it. Nobody waits a quarter of an hour: the hold is made
    older, and what QStash keeps for later is delivered now."""
    sku, order_id = client.shelf("e2e-expired", 3), f"ord_expired_{uuid.uuid4().hex[:8]}"
    _held_for_long(client, order_id, sku)

    client.hurry()

    wait_for(lambda: _shelf(client, sku) == (3, 0), "the unit is back on the shelf")
    reservation = client.item("reservations", orderId=order_id)
    assert (reservation["status"], reservation["releaseReason"]) == ("released", "timeout")
    client.quiet()
    movements = client.query("movements", "sku", sku)
    assert {row["eventId"]: row["delta"] for row in movements}, "the way back is told"


def test_an_expired_hold_whose_release_is_lost_is_given_back_by_the_reconciler(client):
    sku, order_id = client.shelf("e2e-forgotten", 3), f"ord_forgotten_{uuid.uuid4().hex[:8]}"
    _held_for_long(client, order_id, sku)
    client.at_rest()
    client.forget_messages()

    client.reconcile()

    wait_for(lambda: _shelf(client, sku) == (3, 0), "the unit is back on the shelf")
    client.quiet()


@pytest.mark.usefixtures("no_timers_left")
def test_a_checkout_buys_what_is_held_for_it_even_from_an_empty_shelf(client):
    sku = client.shelf("e2e-held", 2)
    body = cart(line(sku, 2))
    order_id = client.order_id_for(body["paymentId"])
    _reserve(client, order_id, sku, 2)
    assert _shelf(client, sku) == (0, 2)

    stranger = client.check_out(cart(line(sku, 1)))
    answer = client.check_out(body)

    assert (stranger.status_code, answer.status_code) == (409, 202)
    assert client.settled(order_id)["status"] == "confirmed"
    assert _shelf(client, sku) == (0, 0)
    assert client.item("reservations", orderId=order_id)["status"] == "consumed"


def _reserve(client, order_id, sku, quantity=1):
    command = _command("reserve", order_id, sku)
    command["payload"]["items"][0]["quantity"] = quantity
    client.publish(client.url("commands"), command)
    return wait_for(
        lambda: client.item("reservations", orderId=order_id), f"units are held for {order_id}"
    )


def _held_for_long(client, order_id, sku):
    reservation = _reserve(client, order_id, sku)
    assert reservation["status"] == "held"
    assert _shelf(client, sku) == (2, 1)
    client.put("reservations", reservation | {"expiresAt": LONG_AGO})


def _shelf(client, sku):
    row = client.item("stock", sku=sku)
    return row["available"], row["reserved"]


def _command(what, order_id, sku):
    return {
        "eventId": f"evt-{what}-{order_id}",
        "eventType": f"command.inventory.{what}",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": "1.0",
        "source": "api",
        "payload": {"orderId": order_id, "items": [{"productId": sku, "quantity": 1}]},
    }


def _held(client, ids, expected):
    rows = [client.item("reservations", orderId=order_id) for order_id in ids]
    held = [row["orderId"] for row in rows if row is not None and row["status"] == "held"]
    return held if len(held) == expected else None
