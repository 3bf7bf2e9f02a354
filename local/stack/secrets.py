"""The secrets of a stage, as the SSM parameters its functions read."""

import base64
import os
import secrets
from typing import Any

from shared.messaging.standard_webhooks import KEY_PREFIX

CONFIG_PREFIX = "/order-pipeline/local"
ORDER_ID_KEY = "ORDER_ID_KEY"


def new_request_key() -> str:
    """A key that the shop's server signs checkouts with: 32 random bytes, as the scheme writes them."""
    return KEY_PREFIX + base64.b64encode(os.urandom(32)).decode("ascii")


def put(ssm: Any, values: dict[str, str], prefix: str = CONFIG_PREFIX) -> None:
    """Write each as ``{prefix}/secrets/{NAME}``. Must happen before the first function starts."""
    for name, value in values.items():
        ssm.put_parameter(
            Name=f"{prefix}/secrets/{name}", Value=value, Type="SecureString", Overwrite=True
        )


def order_id_key(ssm: Any, prefix: str = CONFIG_PREFIX) -> str:
    """The key of this stack's order ids: made once and kept with its orders, for another key would
    give their payments other order ids."""
    name = f"{prefix}/secrets/{ORDER_ID_KEY}"
    found = ssm.get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    if found:
        return str(found[0]["Value"])
    key = secrets.token_hex(32)
    ssm.put_parameter(Name=name, Value=key, Type="SecureString", Overwrite=False)
    return key
