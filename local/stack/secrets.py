"""The secrets of a stage, as the SSM parameters its functions read."""

from typing import Any

CONFIG_PREFIX = "/order-pipeline/local"


def put(ssm: Any, values: dict[str, str], prefix: str = CONFIG_PREFIX) -> None:
    """Write each as ``{prefix}/secrets/{NAME}``. Must happen before the first function starts."""
    for name, value in values.items():
        ssm.put_parameter(
            Name=f"{prefix}/secrets/{name}", Value=value, Type="SecureString", Overwrite=True
        )
