"""The local stack makes the key of its order ids once."""

from typing import Any

from local.stack.secrets import order_id_key, put, request_key
from shared.kernel.settings import OrderIdSettings
from shared.messaging.standard_webhooks import decoded_key


class Ssm:
    """A parameter store, as far as it is used."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    # The names of arguments are the service's own.
    def put_parameter(self, *, Name: str, Value: str, Type: str, Overwrite: bool) -> None:  # noqa: N803
        assert Type == "SecureString"
        assert Overwrite or Name not in self.values
        self.values[Name] = Value

    def get_parameters(self, *, Names: list[str], WithDecryption: bool) -> dict[str, Any]:  # noqa: N803
        assert WithDecryption
        known = [name for name in Names if name in self.values]
        return {"Parameters": [{"Name": name, "Value": self.values[name]} for name in known]}


def test_the_key_of_order_ids_is_made_once_and_kept_when_the_other_secrets_are_written_again():
    ssm = Ssm()
    put(ssm, {"QSTASH_TOKEN": "first"}, "/test")
    first = order_id_key(ssm, "/test")

    put(ssm, {"QSTASH_TOKEN": "second"}, "/test")

    assert order_id_key(ssm, "/test") == first == ssm.values["/test/secrets/ORDER_ID_KEY"]
    assert ssm.values["/test/secrets/QSTASH_TOKEN"] == "second"


def test_each_stack_has_a_key_of_its_own_that_the_functions_take_for_a_real_one():
    keys = {order_id_key(Ssm(), "/test") for _ in range(5)}

    assert len(keys) == 5
    for key in keys:
        settings = OrderIdSettings.load({"STAGE": "local", "ORDER_ID_KEY": key}, lambda _: {})
        assert settings.ids_of_orders().key == key.encode()


def test_the_key_of_checkouts_is_made_once_and_kept_and_is_one():
    ssm = Ssm()

    first = request_key(ssm, "/test")

    assert len(decoded_key(first)) == 32
    assert request_key(ssm, "/test") == first
    assert request_key(Ssm(), "/test") != first
