"""The import paths that users and deployments know: each name is where the documents say it is."""

import importlib
import inspect

import pytest

from infra.functions import FUNCTIONS

# A renamed or moved name breaks programs that are not in this repository. Parameters without a
# default are listed in order: callers may pass them by position.
PUBLISHERS = {
    "publish_event": ["topic", "event"],
    "publish_events": ["events"],
    "publish_auto_route": ["event"],
    "publish_checkout_command": ["payload"],
    "publish_order_created": ["payload"],
    "publish_email_notification": ["payload"],
    "publish_stock_update": ["payload"],
    "publish_audit_log": ["payload"],
}
CONSUMERS = {
    "verify_qstash_signature": ["request"],
    "get_event_metadata": ["request"],
    "process_with_deduplication": ["event_id", "processor"],
}
HANDLERS = [
    "analytics",
    "checkout",
    "commands",
    "inventory",
    "notifications",
    "orders",
    "reconciler",
]


@pytest.mark.parametrize(
    ("module", "name", "required"),
    [
        *(("shared.client.publish", name, required) for name, required in PUBLISHERS.items()),
        *(("shared.client.consume", name, required) for name, required in CONSUMERS.items()),
    ],
)
def test_a_name_of_the_client_library_is_called_as_it_was(module, name, required):
    parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters

    found = [p.name for p in parameters.values() if p.default is inspect.Parameter.empty]
    assert found == required


@pytest.mark.parametrize(
    ("name", "default"), [("delay", None), ("retries", 3), ("correlation_id", None)]
)
def test_an_option_of_publishing_has_its_documented_default(name, default):
    publish = importlib.import_module("shared.client.publish")
    takes_it = publish.publish_event if name != "correlation_id" else publish.publish_order_created

    assert inspect.signature(takes_it).parameters[name].default == default


@pytest.mark.parametrize("function", HANDLERS)
def test_a_function_starts_at_its_documented_handler(function):
    handler = importlib.import_module(f"functions.{function}.handler").lambda_handler

    assert list(inspect.signature(handler).parameters)
    assert f"functions.{function}.handler.lambda_handler" in {spec.handler for spec in FUNCTIONS}
