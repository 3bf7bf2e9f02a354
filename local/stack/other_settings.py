"""A function of a running stack under other settings: what a deployment with other facts gives it.

The same code, role and address. A version of it is published with the changed environment, and the
alias that callers use names that version, as a deployment does.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local.stack import aws
from local.stack.stackfile import Stack

_NAME = "order-pipeline-local-{function}"
_ALIAS = "live"
# What a deployment with the fact ``checkout_trust`` gives the checkout function; a stage with signed
# checkouts and sign-in has no authorizer before them, so an open one there knows no shopper.
SIGNED: Mapping[str, str] = {"CHECKOUT_TRUST": "signed"}
OPEN: Mapping[str, str] = {"CHECKOUT_TRUST": "open", "STOREFRONT_AUTH": "none"}


@contextmanager
def other_settings(stack: Stack, function: str, changes: Mapping[str, str]) -> Iterator[None]:
    """The function with these settings; as it was before when this ends, whatever happened."""
    lambdas = aws.client("lambda", stack.aws.endpoint_url)
    name = _NAME.format(function=function)
    before = lambdas.get_alias(FunctionName=name, Name=_ALIAS)["FunctionVersion"]
    found: dict[str, Any] = lambdas.get_function_configuration(FunctionName=name, Qualifier=before)
    environment = found["Environment"]["Variables"]
    version = _publish(lambdas, name, {**environment, **changes})
    try:
        lambdas.update_alias(FunctionName=name, Name=_ALIAS, FunctionVersion=version)
        yield
    finally:
        lambdas.update_alias(FunctionName=name, Name=_ALIAS, FunctionVersion=before)
        lambdas.delete_function(FunctionName=name, Qualifier=version)
        _configure(lambdas, name, environment)
        lambdas.close()


def _publish(lambdas: Any, name: str, environment: Mapping[str, str]) -> str:
    _configure(lambdas, name, environment)
    version: str = lambdas.publish_version(FunctionName=name)["Version"]
    return version


def _configure(lambdas: Any, name: str, environment: Mapping[str, str]) -> None:
    lambdas.update_function_configuration(
        FunctionName=name, Environment={"Variables": dict(environment)}
    )
