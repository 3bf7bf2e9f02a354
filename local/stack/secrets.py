"""The secrets of a stage, as the SSM parameters its functions read."""

import base64
import os
from typing import Any

from shared.messaging.standard_webhooks import KEY_PREFIX

CONFIG_PREFIX = "/order-pipeline/local"


def new_request_key() -> str:
    """A key that the shop's server signs checkouts with: 32 random bytes, as the scheme writes them."""
    return KEY_PREFIX + base64.b64encode(os.urandom(32)).decode("ascii")


def put(ssm: Any, values: dict[str, str], prefix: str = CONFIG_PREFIX) -> None:
    """Write each as ``{prefix}/secrets/{NAME}``. Must happen before the first function starts."""
    for name, value in values.items():
        ssm.put_parameter(
            Name=f"{prefix}/secrets/{name}", Value=value, Type="SecureString", Overwrite=True
        )
