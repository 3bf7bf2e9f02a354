"""What differs between stages, as one typed table. Nothing else in `infra` asks for the stage's name."""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from functions.reconciler.settings import MOST_DAYS
from shared.contracts.channels import CAPS, Channel
from shared.contracts.statuses import Trust
from shared.contracts.topics import Topic
from shared.kernel.addresses import address
from shared.telemetry.declared_metrics import check

StageName = Literal["local", "dev", "staging", "prod"]

_DOMAIN = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")
# No user and password: they would be a secret in a template.
_URL = re.compile(r"https?://[^\s/@]+(/[^\s]*)?")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+")
_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9_-]+")

RESERVED_SUFFIX = ".example"
"""The top-level domain that no company can own (RFC 2606): a value that ends so is an example."""

FREE_PLACES: Mapping[Topic, float] = MappingProxyType(
    {
        Topic.COMMANDS: 0.2,
        Topic.ORDERS: 0.2,
        Topic.INVENTORY: 0.2,
        # Reports of bounces and complaints come from SNS.
        Topic.NOTIFICATIONS: 0.25,
        # Failure callbacks carry no flow-control key.
        Topic.ANALYTICS: 0.4,
    }
)
"""The share of a function's places that stays free of QStash's flow control: for callers that it
does not limit, and for producers whose messages carry no key."""


# Seconds: a minute, and a year.
_SHORTEST_LAPSE, _LONGEST_LAPSE = 60, 31_536_000
_DAY = 86_400


class StageError(ValueError):
    """The deployment was asked for a stage, or given a value, that does not exist or make sense."""


def _shaped(pattern: re.Pattern[str], meaning: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not pattern.fullmatch(value):
            raise ValueError(f"must be {meaning}")
        return value

    return AfterValidator(check)


def _web_address(value: str) -> str:
    # As a function takes it: what deploys, starts.
    if value:
        address(value)
    return value


def _origin(value: str) -> str:
    """As a browser sends it: any other spelling would let no page in.

    Raises:
        ValueError: with the rule.
    """
    scheme, _, place = value.partition("://")
    try:
        as_sent = address(value) == value and "/" not in place
    except ValueError:
        as_sent = False
    if not as_sent or place.endswith({"http": ":80", "https": ":443"}[scheme]):
        raise ValueError(
            "must be scheme://host[:port] in lower case, without a path or the scheme's own port, "
            "never a wildcard"
        )
    return value


def _lapse(seconds: int | None) -> int | None:
    if seconds and not _SHORTEST_LAPSE <= seconds <= _LONGEST_LAPSE:
        raise ValueError(f"must be 0 for never, or {_SHORTEST_LAPSE} to {_LONGEST_LAPSE}")
    return seconds


def _completed(pattern: re.Pattern[str], meaning: str) -> WithJsonSchema:
    """The same rule for an editor that completes a stage's file."""
    return WithJsonSchema(
        {"type": "string", "description": meaning, "pattern": f"^({pattern.pattern})?$"}
    )


_A_DOMAIN = (_DOMAIN, "a domain name")
_AN_ADDRESS = (_MAIL, "a mail address")
_A_URL = (_URL, "an http(s) address")
_AN_ORIGIN = (_ORIGIN, "scheme://host[:port], never a wildcard")
_AN_ARN = (_KEY_ARN, "the ARN of a KMS key")
Domain = Annotated[str, _shaped(*_A_DOMAIN), _completed(*_A_DOMAIN)]
MailAddress = Annotated[str, _shaped(*_AN_ADDRESS), _completed(*_AN_ADDRESS)]
WebAddress = Annotated[str, AfterValidator(_web_address), _completed(*_A_URL)]
Origin = Annotated[str, AfterValidator(_origin), _completed(*_AN_ORIGIN)]
KeyArn = Annotated[str, _shaped(*_AN_ARN), _completed(*_AN_ARN)]
_A_PRINCIPAL = (_PRINCIPAL, "the ARN of an IAM role or user, never a wildcard")
Principal = Annotated[str, _shaped(*_A_PRINCIPAL), _completed(*_A_PRINCIPAL)]
# By the rules of the function that reads them: what deploys, starts.
Declarations = Annotated[str, AfterValidator(check)]


class Throttle(BaseModel):
    """Requests per second in the long run, and at once."""

    model_config = ConfigDict(frozen=True)

    rate: float = Field(gt=0, le=2000)
    burst: int = Field(gt=0, le=2000)


class StageSettings(BaseModel):
    """Everything a stage decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: StageName
    # --- functions
    memory_mb: int = Field(default=1024, ge=256, le=10_240)
    # Places of each function. Two is the least: one of them stays free of flow control.
    reserved_concurrency: Mapping[str, int]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_retention_days: Literal[7, 14, 90]
    tracing: bool = False
    metric_queries: bool = True
    # A version is snapshotted by running its start-up code, which reads the secrets and the URLs
    # from SSM. They exist only after a first deployment, so name functions here from the second on.
    snap_start: frozenset[str] = frozenset()
    host_assets: bool = False
    # --- data
    retain_data: bool
    point_in_time_recovery: bool = True
    # --- public API
    default_throttle: Throttle
    checkout_throttle: Throttle
    status_throttle: Throttle
    webhook_throttle: Throttle
    cors_origins: tuple[Origin, ...]
    # Who answers for the payment of a checkout: `signed` by the shop's server, or `open`.
    checkout_trust: Trust = "signed"
    # Where checkouts are open: the most units of one order, and of one network address in an hour.
    max_units_per_order: int = Field(default=100, ge=1, le=1_000_000)
    units_per_address_hour: int = Field(default=200, ge=1, le=100_000_000)
    jwt_issuer: WebAddress = ""
    jwt_audience: tuple[str, ...] = ()
    # --- addresses and names
    sender_domain: Domain
    alert_address: MailAddress
    alarm_email: MailAddress = ""
    shop_name: str = "The Shop"
    currency: str = "EUR"
    # Countries differ in whether a sender needs registering first: none until the shop did.
    sms_sender_id: str = ""
    # Messages per channel, and mails per template and cause, that one recipient gets within an hour
    # (S42). More than this is a loop or an attack: the rest waits for the next hour. A channel that is
    # not named here has the cap that it declares.
    caps: Mapping[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    qstash_url: WebAddress = "https://qstash.upstash.io"
    webhook_base_url: WebAddress = ""
    # Where an emulator answers for its APIs, each under its id; AWS gives each a host of its own.
    api_gateway_url: WebAddress = ""
    redis_key_prefix: str = ""
    max_retry_after: int = Field(default=300, ge=1)
    secrets_key_arn: KeyArn = ""
    # Who may take the role of those who only look; without any there is no such role.
    viewers: tuple[Principal, ...] = ()
    # An existing stage first deploys the code that knows both ids of a payment with "plain".
    order_ids: Literal["keyed", "plain"] = "keyed"
    # How old an order may become that nothing confirmed: then it lapses. 0: for ever. None: what
    # suits the stage's trust.
    unconfirmed_order_seconds: Annotated[int | None, AfterValidator(_lapse)] = None
    # How many days a decided checkout keeps its copy of the request, and a resolved or discarded dead
    # letter its copy of the event (S44). 0: for ever.
    checkout_days: int = Field(ge=0, le=MOST_DAYS)
    dead_letter_days: int = Field(ge=0, le=MOST_DAYS)
    # What the shop's own programs may measure, such as "checkout.duration:step=payment/address".
    outside_metrics: Declarations = ""

    @model_validator(mode="after")
    def _issuer_has_audience(self) -> Self:
        if bool(self.jwt_issuer) != bool(self.jwt_audience):
            raise ValueError("jwt_issuer and jwt_audience go together")
        # An attacker who changes the issuer's keys on their way can be any user.
        if self.stage != "local" and self.jwt_issuer.startswith("http:"):
            raise ValueError("jwt_issuer must be an https address")
        return self

    @model_validator(mode="after")
    def _flow_control_leaves_a_place(self) -> Self:
        if short := [topic for topic in Topic if self.reserved_concurrency[topic] < 2]:
            raise ValueError(f"reserved_concurrency: {short[0].value} must have at least 2 places")
        return self

    @model_validator(mode="after")
    def _gateway_is_aws(self) -> Self:
        # A delivery that is signed for this address counts as ours.
        if self.stage != "local" and self.api_gateway_url:
            raise ValueError("api_gateway_url is for an emulator, and AWS is none")
        return self

    @model_validator(mode="after")
    def _caps_are_of_capped_channels(self) -> Self:
        known = {channel.name for channel in CAPS}
        if unknown := sorted(self.caps.keys() - known):
            raise ValueError(f"caps: no channel with a cap is called {', '.join(unknown)}")
        return self

    def cap_of(self, channel: Channel) -> int:
        """How many messages one recipient gets by this channel within an hour of the clock."""
        return self.caps.get(channel.name, CAPS[channel].per_hour)

    @property
    def storefront_auth(self) -> Literal["none", "jwt"]:
        """Whether shoppers sign in: what the API locks and the checkout function relies on."""
        return "jwt" if self.jwt_issuer else "none"

    @property
    def lapses_after(self) -> int | None:
        """Seconds after which an order lapses that nothing confirmed, None for never.

        Where strangers may name payments, what the shop does not confirm within a day keeps no
        units.
        """
        default = _DAY if self.checkout_trust == "open" else None
        seconds = self.unconfirmed_order_seconds
        return default if seconds is None else seconds or None

    @property
    def config_prefix(self) -> str:
        """Under this path lie the stage's parameters."""
        return f"/order-pipeline/{self.stage}"

    def parallelism(self, topic: Topic) -> int:
        """How many messages of a topic QStash may deliver at once: the places that its function
        reserves, without the share that stays free."""
        places = self.reserved_concurrency[topic]
        return max(1, places - math.ceil(places * FREE_PLACES[topic]))

    @property
    def flow_control(self) -> str:
        """The parallelism of every topic, as functions and operators read it."""
        return ",".join(f"{topic.value}={self.parallelism(topic)}" for topic in Topic)

    def function_name(self, name: str) -> str:
        """The physical name of a function, the same wherever it is needed."""
        return f"order-pipeline-{self.stage}-{name}"

    @property
    def sender_address(self) -> str:
        """The only From address that the stage may use."""
        return f"orders@{self.sender_domain}"

    def placeholders(self) -> list[str]:
        """Names of settings that still have an example as their value."""
        values = {
            "sender_domain": self.sender_domain,
            "alert_address": self.alert_address,
            "cors_origins": ",".join(self.cors_origins),
        }
        return [name for name, value in values.items() if value.endswith(RESERVED_SUFFIX)]


def _each(count: int, **other: int) -> dict[str, int]:
    names = ("commands", "orders", "notifications", "inventory", "analytics", "checkout")
    # Two runs of the reconciler at once would do the same work twice: correct, and of no use.
    return {name: other.get(name, count) for name in names} | {"reconciler": 1}


_STAGES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "local": {
            "reserved_concurrency": _each(10),
            # A developer who watches a laptop does not want to wait minutes for a retry; but three of these must
            # outlive the claim of a worker that was killed.
            "max_retry_after": 16,
            "log_level": "DEBUG",
            "log_retention_days": 7,
            "host_assets": True,
            # The emulator's CloudFormation refuses alarms on queries, so the alarms on our own
            # metrics do not exist there; those on its Lambda and API metrics do.
            "metric_queries": False,
            "retain_data": False,
            "default_throttle": {"rate": 500, "burst": 1000},
            "checkout_throttle": {"rate": 500, "burst": 1000},
            "status_throttle": {"rate": 500, "burst": 1000},
            "webhook_throttle": {"rate": 500, "burst": 1000},
            "cors_origins": ("http://localhost:5173", "http://127.0.0.1:5173"),
            # Deployed like everywhere, but the emulator's SES never reports to an event destination:
            # a developer who wants a bounce there publishes it to the topic.
            "sender_domain": "shop.example",
            "alert_address": "stock@shop.example",
            # Load tests have few customers who order a lot.
            "caps": {"email": 1000},
            # So that one curl checks out.
            "checkout_trust": "open",
            # What a developer left over the weekend is still there.
            "unconfirmed_order_seconds": 0,
            "checkout_days": 0,
            "dead_letter_days": 0,
            "max_units_per_order": 100_000,
            "units_per_address_hour": 10_000_000,
        },
        # An account with the lowest concurrency quota (10) cannot reserve any: raise it first.
        "dev": {
            "reserved_concurrency": _each(5),
            "log_retention_days": 14,
            "retain_data": False,
            "default_throttle": {"rate": 10, "burst": 20},
            "checkout_throttle": {"rate": 10, "burst": 20},
            "status_throttle": {"rate": 20, "burst": 40},
            "webhook_throttle": {"rate": 50, "burst": 100},
            "cors_origins": ("http://localhost:5173",),
            "checkout_days": 7,
            "dead_letter_days": 14,
            "sender_domain": "dev.shop.example",
            "alert_address": "stock@dev.shop.example",
            "redis_key_prefix": "dev:",
        },
        # The rehearsal: as prod, with less room, and nothing that is worth keeping.
        "staging": {
            "reserved_concurrency": _each(10, checkout=20, notifications=5),
            "log_retention_days": 14,
            "tracing": True,
            "retain_data": False,
            "default_throttle": {"rate": 20, "burst": 40},
            "checkout_throttle": {"rate": 20, "burst": 40},
            "status_throttle": {"rate": 50, "burst": 100},
            "webhook_throttle": {"rate": 100, "burst": 200},
            "cors_origins": ("https://staging.shop.example",),
            "checkout_days": 14,
            "dead_letter_days": 30,
            "sender_domain": "staging.shop.example",
            "alert_address": "stock@staging.shop.example",
            "redis_key_prefix": "staging:",
        },
        "prod": {
            "reserved_concurrency": _each(50, checkout=100, notifications=20),
            "log_retention_days": 90,
            "tracing": True,
            "retain_data": True,
            # As long as a shopper may come back with a question, and an operator with a repair.
            "checkout_days": 90,
            "dead_letter_days": 90,
            "default_throttle": {"rate": 50, "burst": 100},
            "checkout_throttle": {"rate": 100, "burst": 200},
            "status_throttle": {"rate": 300, "burst": 600},
            "webhook_throttle": {"rate": 200, "burst": 400},
            "cors_origins": ("https://www.shop.example",),
            "sender_domain": "shop.example",
            "alert_address": "stock@shop.example",
        },
    }
)

_LISTS = ("cors_origins", "jwt_audience", "viewers")
OVERRIDES = (
    "sender_domain",
    "alert_address",
    "alarm_email",
    "qstash_url",
    "webhook_base_url",
    "api_gateway_url",
    "secrets_key_arn",
    "order_ids",
    "outside_metrics",
    "checkout_trust",
    "max_units_per_order",
    "units_per_address_hour",
    "unconfirmed_order_seconds",
    "checkout_days",
    "dead_letter_days",
    "jwt_issuer",
    *_LISTS,
)
"""The facts: only what belongs to the person who deploys. A stage's file gives them; where there is
none, `-c name=value` does, with commas in lists."""


def stage_settings(stage: str, overrides: Mapping[str, Any] | None = None) -> StageSettings:
    """The settings of a stage, with the deployer's own values put in.

    Raises:
        StageError: for an unknown stage, or naming every value that cannot be right.
    """
    if stage not in _STAGES:
        raise StageError(f"unknown stage {stage!r}: choose one of {', '.join(_STAGES)}")
    given = {name: value for name, value in (overrides or {}).items() if value == 0 or value}
    values: dict[str, Any] = {"stage": stage, **_STAGES[stage], **given}
    for name in _LISTS:
        if isinstance(given.get(name), str):
            values[name] = tuple(part.strip() for part in given[name].split(",") if part.strip())
    try:
        return StageSettings.model_validate(values)
    except ValidationError as error:
        problems = (
            ": ".join([*map(str, problem["loc"][:1]), problem["msg"]]) for problem in error.errors()
        )
        raise StageError("; ".join(problems)) from None
