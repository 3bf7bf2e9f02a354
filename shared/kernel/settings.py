"""Settings: one frozen class per function, read once, complaining about everything at once.

A field says where its value comes from:

* ``Annotated[str, Parameter("urls/orders")]`` - the environment variable named like the field in
  upper case, else the SSM parameter ``{CONFIG_PREFIX}/urls/orders``;
* ``Annotated[str, TableName("orders")]`` - an environment variable that the deployment fills with
  the physical name of that table;
* anything else - an environment variable, else the field's default.

The deployment generates a function's environment and its permission to read parameters from the
same class, so the two cannot drift apart.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)

from shared.kernel.addresses import address, redis_address
from shared.kernel.errors import ConfigurationError
from shared.kernel.ids import OrderIds

ParameterReader = Callable[[list[str]], Mapping[str, str]]
"""Full parameter names in, those found out. Called once per load."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Where under the configuration prefix a value lives when the environment does not give it."""

    path: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class TableName:
    """The field holds the physical name of this logical table."""

    table: str


NonEmpty = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Address = Annotated[NonEmpty, AfterValidator(address)]
MIN_KEY_CHARACTERS = 32
_NOT_IN_SECRETS = re.compile("[^!-~]")
# The same up to eight characters three times and more, the last time perhaps in part.
_REPEATED = re.compile(r"(?=.{12})(.{1,8}?)\1{2,}(.{0,7})")
_PLACEHOLDERS = ("changeme", "placeholder", "example", "xxxx")


class Settings(BaseModel):
    """What every function has."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    stage: NonEmpty
    config_prefix: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @classmethod
    def markers(cls, kind: type[Any]) -> dict[str, Any]:
        """Fields that carry a marker of this kind: environment name to marker."""
        return {
            name.upper(): marker
            for name, info in cls.model_fields.items()
            for marker in info.metadata
            if isinstance(marker, kind)
        }

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Settings that may come from SSM: environment name to parameter."""
        return cls.markers(Parameter)

    @classmethod
    def tables(cls) -> dict[str, str]:
        """Environment name to logical table name."""
        return {name: marker.table for name, marker in cls.markers(TableName).items()}

    def table_names(self) -> dict[str, str]:
        """Logical to physical name, for every table this function touches."""
        return {table: str(getattr(self, name.lower())) for name, table in self.tables().items()}

    @classmethod
    def plain(cls) -> dict[str, bool]:
        """Settings that only the environment gives: name to whether it is required."""
        marked = cls.parameters().keys() | cls.tables().keys()
        return {
            name.upper(): info.is_required()
            for name, info in cls.model_fields.items()
            if name.upper() not in marked
        }

    @classmethod
    def load(cls, environ: Mapping[str, str], read_parameters: ParameterReader) -> Self:
        """Read every setting, environment before SSM.

        Raises:
            ConfigurationError: naming every setting that is missing or unusable.
        """
        values = {
            name: environ[name.upper()] for name in cls.model_fields if environ.get(name.upper())
        }
        prefix = values.get("config_prefix", "")
        if prefix:
            wanted = {
                f"{prefix}/{parameter.path}": name.lower()
                for name, parameter in cls.parameters().items()
                if name.lower() not in values
            }
            found = read_parameters(list(wanted)) if wanted else {}
            values |= {wanted[name]: value for name, value in found.items() if value}
        return cls._validated(values)

    @classmethod
    def _validated(cls, values: Mapping[str, str]) -> Self:
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            parameters = cls.parameters()
            raise ConfigurationError(
                {
                    name: _rule(problem["msg"], problem["type"], parameters.get(name))
                    for problem in error.errors()
                    for name in [str(problem["loc"][0]).upper()]
                }
            ) from None


def _rule(message: str, kind: str, parameter: Parameter | None) -> str:
    if kind != "missing":
        return message
    where = f" (environment, or parameter {parameter.path})" if parameter else " (environment)"
    return f"missing{where}"


def secret(value: SecretStr) -> SecretStr:
    """A secret as it was given out: what was torn, padded or typed in its place is none (S7).

    Raises:
        ValueError: with the rule; never with the secret.
    """
    text = value.get_secret_value()
    if not text.strip():
        raise ValueError("must not be empty")
    if _NOT_IN_SECRETS.search(text):
        raise ValueError("must not contain blanks, line breaks or characters other than ASCII")
    if len(text) > 1 and len(set(text.removeprefix("sig_"))) <= 1:
        raise ValueError("must not be one character over and over")
    if _REPEATED.fullmatch(text.removeprefix("sig_")):
        raise ValueError("must not be a few characters over and over")
    return value


def signing_key(value: SecretStr) -> SecretStr:
    """A key that is worth its name (S7).

    Raises:
        ValueError: when it is no secret, short, or a placeholder.
    """
    text = value.get_secret_value()
    if len(text) < MIN_KEY_CHARACTERS or any(word in text.lower() for word in _PLACEHOLDERS):
        raise ValueError(f"must be a real signing key of at least {MIN_KEY_CHARACTERS} characters")
    return secret(value)


def webhook_address(base: str, topic: str) -> str:
    """A topic's address below the API or a domain of the shop's own: producers know it."""
    return f"{base.rstrip('/')}/api/webhooks/{topic}"


_LIMIT = re.compile("[1-9][0-9]{0,4}")
_LIMITED = ("commands", "orders", "notifications", "inventory", "analytics")


def limits_of(text: str) -> dict[str, int]:
    """Limits per topic, written as ``orders=40,inventory=40``; empty text is no limit.

    Raises:
        ValueError: naming the rule that is broken.
    """
    pairs = [part.partition("=") for part in text.split(",")] if text else []
    limits = {topic: number for topic, _, number in pairs}
    if len(limits) < len(pairs):
        raise ValueError("must name each topic once")
    if unknown := sorted(limits.keys() - set(_LIMITED)):
        raise ValueError(f"must name topics, such as orders=40; {unknown[0]!r} is none")
    for topic, number in limits.items():
        if not _LIMIT.fullmatch(number):
            raise ValueError(f"{topic} must have a whole number from 1 to 99999")
    return {topic: int(number) for topic, number in limits.items()}


def _address_or_none(text: str) -> str:
    return address(text) if text else ""


def _limits(text: str) -> str:
    limits_of(text)
    return text


class PublisherSettings(Settings):
    """What it takes to publish to the five topics."""

    qstash_token: Annotated[SecretStr, Parameter("secrets/QSTASH_TOKEN", secret=True)]
    qstash_url: Address = "https://qstash.upstash.io"
    qstash_webhook_base_url: Annotated[
        str, StringConstraints(strip_whitespace=True), AfterValidator(_address_or_none)
    ] = ""
    # Deliveries at once, by topic. Without it QStash has no limit but that of its plan.
    flow_control: Annotated[str, AfterValidator(_limits)] = ""
    commands_url: Annotated[Address, Parameter("urls/commands")]
    orders_url: Annotated[Address, Parameter("urls/orders")]
    notifications_url: Annotated[Address, Parameter("urls/notifications")]
    inventory_url: Annotated[Address, Parameter("urls/inventory")]
    analytics_url: Annotated[Address, Parameter("urls/analytics")]

    _token_is_real = field_validator("qstash_token")(secret)

    def function_urls(self) -> dict[str, str]:
        """The address of each topic's own function."""
        return {
            "commands": self.commands_url,
            "orders": self.orders_url,
            "notifications": self.notifications_url,
            "inventory": self.inventory_url,
            "analytics": self.analytics_url,
        }

    def destinations(self) -> dict[str, str]:
        """Where events of each topic are sent: the webhook base if there is one."""
        base = self.qstash_webhook_base_url.rstrip("/")
        if not base:
            return self.function_urls()
        return {topic: webhook_address(base, topic) for topic in self.function_urls()}

    def parallelism(self) -> dict[str, int]:
        """The most deliveries at once of each topic that has a limit."""
        return limits_of(self.flow_control)

    def label(self) -> str:
        """What marks this stage's messages at QStash."""
        return f"order-pipeline-{self.stage}"

    def failure_callback(self) -> str:
        """Where QStash reports a message that it gave up on."""
        return f"{self.destinations()['analytics'].rstrip('/')}/failures"


class ReceiverSettings(PublisherSettings):
    """What it takes to know our own addresses, and so what was sent to us.

    Producers that were there before us publish to the API's address, whatever else is configured.
    """

    api_url: Annotated[Address, Parameter("urls/api")]

    def all_addresses(self) -> frozenset[str]:
        """Every spelling of every topic's addresses."""
        return frozenset().union(*(self.addresses(topic) for topic in self.function_urls()))

    def addresses(self, topic: str, suffix: str = "") -> frozenset[str]:
        """Every spelling of a topic's configured addresses; a signature must name one (S3).

        QStash signs the address as it normalised it: each may end in a slash, or not.

        Args:
            suffix: a path below the topic's own, such as ``failures``.
        """
        configured = {
            self.function_urls()[topic],
            self.destinations()[topic],
            webhook_address(self.api_url, topic),
        }
        below = f"/{suffix}" if suffix else ""
        bare = {f"{url.rstrip('/')}{below}" for url in configured}
        return frozenset(bare | {f"{url}/" for url in bare})


class ConsumerSettings(ReceiverSettings):
    """What it takes to accept signed deliveries, and to publish what they cause."""

    qstash_current_signing_key: Annotated[
        SecretStr, Parameter("secrets/QSTASH_CURRENT_SIGNING_KEY", secret=True)
    ]
    qstash_next_signing_key: Annotated[
        SecretStr, Parameter("secrets/QSTASH_NEXT_SIGNING_KEY", secret=True)
    ]
    redis_url: Annotated[SecretStr, Parameter("secrets/REDIS_URL", secret=True)]
    redis_key_prefix: str = ""
    table_ledger: Annotated[NonEmpty, TableName("ledger")]
    dedup_seconds: int = Field(default=3600, ge=60, le=86_400)
    max_retry_after: int = Field(default=300, ge=1, le=3600)

    _keys_are_real = field_validator("qstash_current_signing_key", "qstash_next_signing_key")(
        signing_key
    )

    @field_validator("redis_url")
    @classmethod
    def _redis_is_an_address(cls, value: SecretStr) -> SecretStr:
        redis_address(value.get_secret_value())
        return value


class OrderIdSettings(Settings):
    """What it takes to know the order id of a payment.

    The key is never rotated: under another key a payment would get another order id, and so a
    second order.
    """

    order_id_key: Annotated[SecretStr, Parameter("secrets/ORDER_ID_KEY", secret=True)]
    order_ids: Literal["keyed", "plain"] = "keyed"

    _key_is_real = field_validator("order_id_key")(signing_key)

    def ids_of_orders(self) -> OrderIds:
        """The order ids of this stage's payments."""
        return OrderIds(self.order_id_key.get_secret_value().encode(), self.order_ids)


def environment_names(classes: Iterable[type[Settings]]) -> set[str]:
    """Every environment variable that any of the settings classes knows."""
    return {name.upper() for cls in classes for name in cls.model_fields}
