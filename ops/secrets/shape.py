"""Are the secrets of a stage there, shaped and readable? The same look for `secrets check` and for
`preflight`."""

from collections.abc import Iterator, Mapping
from functools import cache, partial

from ops.core.finding import Check, Finding, mend, ok
from ops.secrets import rules
from ops.secrets.store import SecretStore, Stored
from shared.contracts.statuses import Trust


def checks(store: SecretStore, stage: str, trust: Trust) -> Iterator[Check]:
    """One check for each secret, and one for the key that encrypts them."""

    @cache
    def stored() -> Mapping[str, Stored]:
        return store.read(rules.NAMES)

    def look(name: str) -> Finding:
        return _look(store, stage, name, stored(), needed=name in needed)

    needed = rules.required(trust)
    optional = [name for name in rules.NAMES if name not in needed and trust == "signed"]
    for name in (*needed, *optional):
        yield Check(name, partial(look, name))
    yield Check("KMS key of the secrets", lambda: _key(store, stage))


def set_command(name: str, stage: str) -> str:
    """What to type to set a secret."""
    made = " --generate" if name == rules.ORDER_ID_KEY else ""
    return f".venv/bin/python -m ops secrets set {name} --stage {stage}{made}"


def _look(
    store: SecretStore, stage: str, name: str, stored: Mapping[str, Stored], *, needed: bool
) -> Finding:
    found = stored.get(name)
    if found is None:
        return (
            mend("missing", set_command(name, stage))
            if needed
            else ok("none, as outside of a rotation")
        )
    broken = rules.problem(name, found.value)
    again = f"aws ssm delete-parameter --name {store.parameter(name)}"
    if broken is not None and name == rules.ORDER_ID_KEY:
        return mend(
            f"{broken}; only if no order was ever taken with it, delete it and set it again", again
        )
    if broken is not None:
        return mend(broken, set_command(name, stage))
    if not found.secure:
        # SSM changes no parameter's type, and an order id key must come back as it was.
        return mend("stands in plain text: delete it, and set the same value again", again)
    return ok("there, and of the right shape")


def _key(store: SecretStore, stage: str) -> Finding:
    others = store.under_other_keys(rules.NAMES)
    if not others:
        return ok("functions may use it")
    told = ", ".join(f"{name} ({key})" for name, key in sorted(others.items()))
    # The same value is written again, under the stage's key.
    return mend(
        f"encrypted with a key that functions may not use: {told}",
        f".venv/bin/python -m ops secrets set {min(others)} --stage {stage} --encrypt-again",
    )
