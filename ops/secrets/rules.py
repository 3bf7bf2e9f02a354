"""Which secrets a stage has, and what each must look like: by the settings of the functions that
read them, so that what is accepted here is what a function starts with."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pydantic import ValidationError

from functions.checkout.settings import CheckoutSettings
from functions.commands.settings import CommandsSettings
from ops.core.errors import OperatorError
from shared.contracts.statuses import Trust
from shared.kernel.settings import Settings

ORDER_ID_KEY = "ORDER_ID_KEY"
QSTASH_TOKEN = "QSTASH_TOKEN"  # noqa: S105 - the name of one
QSTASH_CURRENT = "QSTASH_CURRENT_SIGNING_KEY"
QSTASH_NEXT = "QSTASH_NEXT_SIGNING_KEY"
REDIS_URL = "REDIS_URL"
CHECKOUT_CURRENT = "CHECKOUT_CURRENT_SIGNING_KEY"
CHECKOUT_NEXT = "CHECKOUT_NEXT_SIGNING_KEY"
# Together these two read every secret that there is.
_READERS: tuple[type[Settings], ...] = (CommandsSettings, CheckoutSettings)
# SSM's limit for a standard parameter.
_MOST_CHARACTERS = 4096


def _paths() -> dict[str, tuple[str, type[Settings]]]:
    return {
        name: (parameter.path, reader)
        for reader in _READERS
        for name, parameter in reader.parameters().items()
        if parameter.secret
    }


_KNOWN: Mapping[str, tuple[str, type[Settings]]] = MappingProxyType(_paths())
NAMES: tuple[str, ...] = tuple(sorted(_KNOWN))
"""Every secret, by the name of its environment variable."""


def path_of(name: str) -> str:
    """The parameter of a secret, below the stage's prefix."""
    return _KNOWN[name][0]


def required(trust: Trust) -> tuple[str, ...]:
    """The secrets without which a function of the stage does not start."""
    optional = {CHECKOUT_NEXT} if trust == "signed" else {CHECKOUT_NEXT, CHECKOUT_CURRENT}
    return tuple(name for name in NAMES if name not in optional)


def problem(name: str, value: str) -> str | None:
    """Which rule a value breaks, None if it is fine. The rule never holds the value."""
    if not value:
        return "must not be empty"
    if len(value) > _MOST_CHARACTERS:
        return f"must have at most {_MOST_CHARACTERS} characters"
    rules = _broken(_KNOWN[name][1], name, value)
    # Functions also start with a Redis on their own machine. In an account every byte goes through
    # the internet, the password first.
    if not rules and name == REDIS_URL and not value.startswith("rediss://"):
        rules = ["must be rediss://, or the password goes through the internet in plain text"]
    return rules[0] if rules else None


def check(name: str, value: str) -> None:
    """Refuse a value that no function would start with.

    Raises:
        OperatorError: naming the secret and the rule; never the value.
    """
    rule = problem(name, value)
    if rule is not None:
        raise OperatorError(f"{name}: {rule}")


def known(name: str, among: Iterable[str] = NAMES) -> str:
    """A secret's name.

    Raises:
        OperatorError: there is no such secret; names those that there are.
    """
    if name not in among:
        raise OperatorError(f"no secret is called {name}: choose one of {', '.join(among)}")
    return name


def _broken(reader: type[Settings], name: str, value: str) -> list[str]:
    field = name.lower()
    given = {"stage": "prod", "checkout_trust": "signed", field: value}
    allowed = {known: text for known, text in given.items() if known in reader.model_fields}
    try:
        reader.model_validate(allowed)
    except ValidationError as error:
        return [
            str(problem["msg"]).removeprefix("Value error, ")
            for problem in error.errors()
            if problem["loc"][:1] == (field,)
        ]
    return []
