"""The parts of the emulator that keeping its state needs and that it does not offer to others.

All of them are named here and nowhere else: who updates the emulator looks here first. The tests
in tests/integration/local_stack fail when one of them is not what it was.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

Service = dict[str, Any]


def application() -> Service:
    """What the emulator's front module holds."""
    return vars(importlib.import_module("ministack.app"))


def service(name: str) -> Service:
    """What a service's module holds; it is loaded the way its requests load it."""
    module: ModuleType = application()["_get_module"](name)
    return vars(module)


def states() -> dict[str, Callable[[], Any]]:
    """Every service in use, with the function that tells its state."""
    found: dict[str, Callable[[], Any]] = application()["_build_persistence_save_dict"]()
    return found


def restore(name: str, state: Any) -> None:
    """Give a service its state back."""
    service(application()["_state_map"][name])["load_persisted_state"](state)


def encode(value: Any) -> Any:
    """What JSON cannot write, as it can: for `json.dumps(default=...)`."""
    return vars(importlib.import_module("ministack.core.persistence"))["_json_default"](value)


def decode(value: dict[str, Any]) -> Any:
    """The reverse: for `json.loads(object_hook=...)`."""
    return vars(importlib.import_module("ministack.core.persistence"))["_json_object_hook"](value)


def mailbox() -> Any:
    """Every mail that was sent: a list per account and region."""
    return service("ses")["_sent_emails"]


def texts() -> Any:
    """Every text that was sent: a list per account, region and number."""
    return service("sns")["_sms_messages"]


def tables() -> dict[str, dict[str, Any]]:
    """Every table with its rows, by its name in ARN form."""
    return {table["TableArn"]: table for table in service("dynamodb")["_tables"].all_values()}


def storefront_pages() -> set[str]:
    """The pages that some deployed API lets in: what its CORS configuration names."""
    apis = service("apigateway")["_apis"].all_values()
    return {
        page
        for api in apis
        for page in (api.get("corsConfiguration") or {}).get("allowOrigins", ())
    }
