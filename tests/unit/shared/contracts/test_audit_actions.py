"""Audit actions stand in one enum: each that can be told has a member, and no other place spells one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.orders.domain import Verdict
from shared.commerce.order_status import STEPS
from shared.contracts.analytics import AuditPayload
from shared.contracts.audit_actions import AuditAction
from shared.contracts.channels import CHANNELS
from shared.contracts.envelope import plain
from shared.contracts.topics import EVENT_TYPES
from shared.kernel.ids import caused_event_id

ROOT = Path(__file__).parents[4]
PRODUCT = ("shared", "functions", "ops", "local", "infra", "commandline")
ENUM = ROOT / "shared" / "contracts" / "audit_actions.py"


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path != ENUM:
                yield path.relative_to(ROOT), ast.parse(path.read_text())


def test_no_other_module_spells_an_action():
    # An event type may be the same text: that is its name where events are declared.
    actions = {action.value for action in AuditAction} - set(EVENT_TYPES)
    spelled = [
        f"{path}:{node.lineno} {node.value}"
        for path, module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and node.value in actions
    ]
    assert spelled == []


def test_no_audit_entry_is_built_with_an_action_of_its_own_spelling():
    found = [
        (f"{path}:{node.lineno}", keyword.value)
        for path, module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and _name(node.func) == "AuditPayload"
        for keyword in node.keywords
        if keyword.arg == "action"
    ]
    spelled = [place for place, value in found if isinstance(value, ast.Constant | ast.JoinedStr)]
    assert len(found) >= 10
    assert spelled == []


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


@pytest.mark.parametrize("step", STEPS)
def test_every_step_of_an_order_has_its_action_and_one_for_each_verdict(step):
    assert AuditAction.of(step).value == step
    for verdict in (Verdict.LATE, Verdict.REPEATED):
        assert AuditAction.of(step, verdict).value == f"{step}.{verdict.value}"


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_a_channel_names_its_own_actions_and_the_enum_none_of_them(channel):
    assert channel.action("sent") == f"{channel.name}.sent"
    assert not [action for action in AuditAction if action.startswith(f"{channel.name}.")]


@pytest.mark.parametrize("reason", ["restock", "adjustment", "return"])
def test_every_move_of_an_operator_has_its_action(reason):
    assert AuditAction.of("stock", reason).value == f"stock.{reason}"


def test_an_action_that_has_no_member_is_refused():
    with pytest.raises(ValueError, match=r"order\.teleported"):
        AuditAction.of("order", "teleported")


def test_an_action_travels_as_its_text_and_other_programs_send_their_own():
    told = AuditPayload(action=AuditAction.STOCK_LOW, entity_type="stock", entity_id="mug")
    other = AuditPayload(action="price.changed", entity_type="stock", entity_id="mug")

    assert plain(told)["action"] == "stock.low"
    assert type(plain(told)["action"]) is str
    assert plain(other)["action"] == "price.changed"


def test_an_event_id_that_an_action_makes_is_that_of_its_text():
    """Two runs of the reconciler, of whatever release, tell of a stuck checkout under one id."""
    event_id = caused_event_id("ord_1", AuditAction.CHECKOUT_STUCK, 0)

    assert event_id == "evt_76c173f4f6ca26dca643604dcd44d4dd"


def test_a_function_builds_its_audit_entries_where_it_builds_its_events():
    builders = {
        path.as_posix()
        for path, module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and _name(node.func) == "AuditPayload"
    }
    in_functions = {Path(path).stem for path in builders if path.startswith("functions/")}

    # A module's role is its name's last word.
    assert {name.rpartition("_")[2] for name in in_functions} == {"events"}
