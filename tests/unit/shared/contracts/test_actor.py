"""Who did something is written one way, and read in every way that it was ever written."""

import ast
from pathlib import Path

import pytest

from shared.contracts.actor import Actor, ActorKind, facts_beside
from shared.contracts.topics import Topic

ROOT = Path(__file__).parents[4]
# Told by every run of the reconciler under one id, so it says what earlier releases said.
WITHOUT_ACTOR = {"stuck_of"}


@pytest.mark.parametrize("kind", ActorKind)
def test_what_is_written_is_read(kind):
    actor = Actor(kind, "ada")

    assert actor.as_metadata() == {"actor": {"kind": kind.value, "id": "ada"}}
    assert Actor.of_entry(actor.as_metadata(), user_id="user-1", source="api") == actor


@pytest.mark.parametrize(
    ("metadata", "actor"),
    [
        ({"operator": "otto"}, Actor.operator("otto")),
        ({"by": "ada", "reason": "x"}, Actor.operator("ada")),
        ({"cancelledBy": "user"}, Actor.customer("user-1")),
        ({"cancelledBy": "admin"}, Actor.operator("admin")),
        ({"cancelledBy": "system"}, Actor.system("api")),
        ({"operator": "otto", **Actor.customer("eve").as_metadata()}, Actor.customer("eve")),
        ({}, Actor.system("api")),
    ],
)
def test_older_entries_name_their_actor_too(metadata, actor):
    assert Actor.of_entry(metadata, user_id="user-1", source="api") == actor


@pytest.mark.parametrize(
    "metadata",
    [
        {"actor": "bob"},
        {"actor": {"kind": "robot", "id": "bob"}},
        {"actor": {"kind": ["operator"], "id": "bob"}},
        {"actor": {"kind": "operator"}},
        {"by": 3},
        {"operator": ""},
    ],
)
def test_what_another_program_means_by_these_fields_is_shown_as_it_stands(metadata):
    assert Actor.of_entry(metadata, user_id="", source="shop") == Actor.system("shop")
    assert facts_beside(metadata) == metadata


def test_what_is_known_beside_the_actor_leaves_out_every_spelling_of_it():
    metadata = {"operator": "otto", "sku": "mug", **Actor.operator("otto").as_metadata()}

    assert facts_beside(metadata) == {"sku": "mug"}


def test_a_program_is_named_by_plain_text():
    assert type(Actor.system(Topic.ORDERS).id) is str


def test_every_audit_entry_of_the_product_names_its_actor():
    """Directly, or by facts that the function around it got."""
    entries = {
        f"{path.relative_to(ROOT)}:{function.name}": ast.unparse(function)
        for folder in ("functions", "ops", "shared")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef) and "AuditPayload(" in ast.unparse(function)
    }
    silent = [
        place
        for place, code in entries.items()
        if "as_metadata()" not in code and place.rpartition(":")[2] not in WITHOUT_ACTOR
    ]
    assert len(entries) >= 10
    assert silent == []
