"""What preflight looks for is what is deployed."""

import json

from infra.functions import FUNCTIONS
from infra.settings import stage_settings
from ops.preflight.account import BOOTSTRAP_PARAMETER, LEAST_BOOTSTRAP
from ops.secrets import rules
from tests.infra.assembly import Assembly


def test_preflight_asks_for_the_bootstrap_that_the_stacks_need(synthesize):
    assembly: Assembly = synthesize("prod")

    manifest = json.loads((assembly.folder / "manifest.json").read_text())
    needs = [
        (of_stack["requiresBootstrapStackVersion"], of_stack["bootstrapStackVersionSsmParameter"])
        for artifact in manifest["artifacts"].values()
        if "requiresBootstrapStackVersion" in (of_stack := artifact.get("properties", {}))
    ]

    assert needs
    assert set(needs) == {(LEAST_BOOTSTRAP, BOOTSTRAP_PARAMETER)}


def test_the_secrets_that_are_checked_are_those_that_functions_read():
    read = {
        name
        for function in FUNCTIONS
        for name, parameter in function.settings.parameters().items()
        if parameter.secret
    }

    assert read == set(rules.NAMES)


def test_reservations_are_counted_for_every_function():
    assert set(stage_settings("prod").reserved_concurrency) == {spec.name for spec in FUNCTIONS}
