"""The secrets of a stage, as the SSM parameters its functions read."""

import base64
import secrets
from collections.abc import Callable
from typing import Any

from shared.messaging.standard_webhooks import KEY_PREFIX

CONFIG_PREFIX = "/order-pipeline/local"
ORDER_ID_KEY = "ORDER_ID_KEY"
REQUEST_KEY = "CHECKOUT_CURRENT_SIGNING_KEY"


def put(ssm: Any, values: dict[str, str], prefix: str = CONFIG_PREFIX) -> None:
    """Write each as ``{prefix}/secrets/{NAME}``. Must happen before the first function starts."""
    for name, value in values.items():
        ssm.put_parameter(
            Name=f"{prefix}/secrets/{name}", Value=value, Type="SecureString", Overwrite=True
        )


def order_id_key(ssm: Any, prefix: str = CONFIG_PREFIX) -> str:
    """The key of this stack's order ids: made once and kept with its orders, for another key would
    give their payments other order ids."""
    return _kept(ssm, f"{prefix}/secrets/{ORDER_ID_KEY}", lambda: secrets.token_hex(32))


def request_key(ssm: Any, prefix: str = CONFIG_PREFIX) -> str:
    """What the shop's server signs checkouts with: made once and kept, as its program keeps it."""
    return _kept(ssm, f"{prefix}/secrets/{REQUEST_KEY}", _new_request_key)


def _new_request_key() -> str:
    # 32 random bytes, as the scheme writes them.
    return KEY_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def _kept(ssm: Any, name: str, new: Callable[[], str]) -> str:
    found = ssm.get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    if found:
        return str(found[0]["Value"])
    key = new()
    ssm.put_parameter(Name=name, Value=key, Type="SecureString", Overwrite=False)
    return key
