"""The table of an order's life: complete, consistent, and what contract and documentation say."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from functions.notifications.channels.email.template_data import TEMPLATES
from ops.orders.cli import STEPS as COMMANDS
from shared.commerce.order_status import BY_STATUS, LIFECYCLE, STEPS, OrderState
from shared.contracts import catalog
from shared.contracts.statuses import OrderStatus
from shared.telemetry import metrics

ROOT = Path(__file__).parents[4]
README = ROOT / "functions" / "orders" / "README.md"
API_GUIDE = ROOT / "docs" / "api.md"


def test_the_table_has_each_status_of_the_contract_once_and_in_its_order():
    assert tuple(state.status for state in LIFECYCLE) == get_args(OrderStatus)


def test_only_the_first_state_is_reached_without_a_step():
    assert [state.status for state in LIFECYCLE if not state.follows] == [LIFECYCLE[0].status]
    assert len(STEPS) == len(LIFECYCLE) - 1


@pytest.mark.parametrize("state", LIFECYCLE, ids=lambda state: state.status)
def test_an_order_only_moves_forward(state):
    assert state.progress == LIFECYCLE.index(state)
    assert all(BY_STATUS[before].progress < state.progress for before in state.follows)


@pytest.mark.parametrize("state", LIFECYCLE, ids=lambda state: state.status)
def test_a_state_is_terminal_if_and_only_if_nothing_leads_out(state):
    leads_out = any(state.status in after.follows for after in LIFECYCLE)

    assert state.is_terminal is not leads_out


def test_what_has_left_the_house_is_never_cancelled():
    (cancelled,) = (state for state in LIFECYCLE if state.status == "CANCELLED")
    left = {state.status for state in LIFECYCLE if state.has_left}

    assert left == {"SHIPPED", "DELIVERED"}
    assert left.isdisjoint(cancelled.follows)


def test_every_event_of_the_table_has_a_model_and_every_mail_a_template_that_is_measured():
    assert {state.event_type for state in LIFECYCLE} <= set(catalog.models())
    templates = {state.mail.template for state in LIFECYCLE if state.mail}
    assert templates <= set(TEMPLATES)
    assert templates <= set(metrics.TEMPLATES)


def test_the_back_office_has_one_command_for_each_step():
    states = [state for state, _ in COMMANDS.values()]

    assert states == list(STEPS.values())


def _documented(state: OrderState) -> str:
    before = ", ".join(f"`{status}`" for status in state.follows) or "—"
    mail = f"`{state.mail.template}`" if state.mail else "—"
    return f"| `{state.status}` | `{state.event_type}` | {before} | {mail} |"


def test_the_readme_shows_this_very_table():
    shown = re.findall(r"^\| `[A-Z]+` \|.*$", README.read_text(encoding="utf-8"), re.MULTILINE)

    assert shown == [_documented(state) for state in LIFECYCLE]


def test_the_api_guide_lists_the_states_in_order():
    guide = API_GUIDE.read_text(encoding="utf-8")
    (said,) = re.findall(r"`orderStatus` tells the order's life: ([^.]*)\.", guide)

    assert re.findall(r"[A-Z]+", said) == [state.status for state in LIFECYCLE]


def test_the_api_document_lists_the_states_in_order():
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    listed = [
        values["enum"] for values in _objects(document) if "SHIPPED" in values.get("enum", ())
    ]

    assert listed
    assert all(states == [state.status for state in LIFECYCLE] for states in listed)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from _objects(inner)
