"""Composes a deployed function: settings from its surroundings, real adapters behind the ports."""

import hashlib
import os
import random
import secrets
from collections.abc import Callable, Mapping
from typing import TypeVar

from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.adapters.parameters import ssm_reader
from shared.adapters.qstash_publisher import PublisherOptions, QStashPublisher
from shared.adapters.redis_claims import RedisClaims
from shared.contracts.topics import Topic
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.settings import ConsumerSettings, ParameterReader, PublisherSettings, Settings
from shared.messaging.claims import ClaimFormat
from shared.messaging.compose import Ports
from shared.messaging.consumer import Handler, Verify
from shared.messaging.ports import CorePorts
from shared.messaging.signature import RotatingKeys, SigningKeys, Verifier
from shared.runtime import clients, startup
from shared.runtime.prewarm import open_connections, probe
from shared.telemetry.ports import Telemetry
from shared.telemetry.powertools import PowertoolsTelemetry

S = TypeVar("S", bound=ConsumerSettings)
Q = TypeVar("Q", bound=PublisherSettings)
L = TypeVar("L", bound=Settings)

_LAMBDA_MARKS = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT")


def parameter_reader() -> ParameterReader:
    """Reads configuration from SSM with this process's own permissions."""
    return ssm_reader(lambda: clients.aws("ssm"))


def failure_counter(telemetry: Telemetry, metric: str) -> Callable[[], None]:
    """Counts the failures of one dependency."""
    return lambda: telemetry.count(metric)


def tables(settings: Settings, telemetry: Telemetry) -> DynamoDBTables:
    """The tables that the settings name."""
    return DynamoDBTables(
        clients.aws("dynamodb"),
        settings.table_names(),
        on_failure=failure_counter(telemetry, "DependencyErrors"),
    )


def publisher(settings: PublisherSettings, clock: Clock, telemetry: Telemetry) -> QStashPublisher:
    """A publisher to the configured addresses."""
    options = PublisherOptions(
        url=settings.qstash_url,
        token=settings.qstash_token.get_secret_value(),
        destinations=settings.destinations(),
        failure_callback=settings.failure_callback(),
        label=settings.label(),
        parallelism=settings.parallelism(),
    )
    return QStashPublisher(
        clients.http_pool(),
        options,
        clock,
        jitter=random.random,
        on_failure=failure_counter(telemetry, "PublishErrors"),
    )


def claims(
    settings: ConsumerSettings, consumer: str, clock: Clock, telemetry: Telemetry
) -> RedisClaims:
    """The dedup fast path of one consumer."""
    token = settings.qstash_token.get_secret_value()
    secret = hashlib.sha256(f"dedup seal\n{token}".encode()).digest()
    return RedisClaims(
        clients.redis(settings.redis_url.get_secret_value()),
        ClaimFormat(f"{settings.stage}/{consumer}", secret),
        clock,
        new_token=lambda: secrets.token_hex(8),
        key_prefix=settings.redis_key_prefix,
        done_seconds=settings.dedup_seconds,
        on_failure=failure_counter(telemetry, "RedisUnavailable"),
    )


def reloading(settings: L, environ: Mapping[str, str], read: ParameterReader) -> Callable[[], L]:
    """Reads settings afresh at every call after the first, which gives what was just read."""
    fresh = iter((settings,))
    return lambda: next(fresh, None) or type(settings).load(environ, read)


def signing_keys(
    settings: ConsumerSettings, environ: Mapping[str, str], read: ParameterReader
) -> Callable[[], SigningKeys]:
    """Reads the keys afresh at every call after the first: the environment, else SSM (S8)."""
    reload = reloading(settings, environ, read)

    def load() -> SigningKeys:
        current = reload()
        return SigningKeys(
            current.qstash_current_signing_key.get_secret_value().encode(),
            current.qstash_next_signing_key.get_secret_value().encode(),
        )

    return load


def may_skip_signatures(environ: Mapping[str, str], stage: str) -> bool:
    """Whether this is provably a developer's own process: told so, and nothing says deployed."""
    return (
        environ.get("APP_ENV") == "development"
        and stage == "local"
        and not any(environ.get(mark) for mark in _LAMBDA_MARKS)
    )


def verification(
    settings: ConsumerSettings, environ: Mapping[str, str], read: ParameterReader, clock: Clock
) -> Verify:
    """How this process decides whether a delivery is genuine."""
    if may_skip_signatures(environ, settings.stage):
        return lambda _token, _body, _urls: None
    return Verifier(RotatingKeys(signing_keys(settings, environ, read), clock), clock)


def ports(settings: ConsumerSettings, consumer: str, environ: Mapping[str, str]) -> Ports:
    """The real adapters of one consumer, connected if this is Lambda's initialisation."""
    clock = SystemClock()
    telemetry = PowertoolsTelemetry(
        service=consumer, stage=settings.stage, level=settings.log_level
    )
    stored = tables(settings, telemetry)
    claimed = claims(settings, consumer, clock, telemetry)
    published = publisher(settings, clock, telemetry)
    if startup.keeps_connections():
        connect = {
            "DynamoDB": lambda: probe(stored, type(settings)),
            "QStash": published.connect,
            "Redis": claimed.connect,
        }
        open_connections(connect, telemetry=telemetry, clock=clock)
    return Ports(
        tables=stored,
        claims=claimed,
        publisher=published,
        verify=verification(settings, environ, parameter_reader(), clock),
        clock=clock,
        telemetry=telemetry,
        jitter=random.random,
    )


def core_ports(settings: PublisherSettings, service: str) -> CorePorts:
    """The real adapters of a function that is not a topic's consumer, connected like those."""
    clock = SystemClock()
    telemetry = PowertoolsTelemetry(service=service, stage=settings.stage, level=settings.log_level)
    stored = tables(settings, telemetry)
    published = publisher(settings, clock, telemetry)
    if startup.keeps_connections():
        connect = {"DynamoDB": lambda: probe(stored, type(settings)), "QStash": published.connect}
        open_connections(connect, telemetry=telemetry, clock=clock)
    return CorePorts(tables=stored, publisher=published, clock=clock, telemetry=telemetry)


def consumer_function(
    topic: Topic, settings_class: type[S], build: Callable[[S, Ports], Handler]
) -> Callable[[], Handler]:
    """What builds the Lambda handler of a topic from this process's environment."""

    def make() -> Handler:
        settings = settings_class.load(os.environ, parameter_reader())
        return build(settings, ports(settings, topic.value, os.environ))

    return make


def plain_function(
    service: str, settings_class: type[Q], build: Callable[[Q, CorePorts], Handler]
) -> Callable[[], Handler]:
    """What builds the Lambda handler of a function that is not a topic's consumer."""

    def make() -> Handler:
        settings = settings_class.load(os.environ, parameter_reader())
        return build(settings, core_ports(settings, service))

    return make


def reloading_function(
    service: str,
    settings_class: type[Q],
    build: Callable[[Q, CorePorts, Callable[[], Q]], Handler],
) -> Callable[[], Handler]:
    """As ``plain_function``, for a function whose secrets may be rotated while it is warm."""

    def make() -> Handler:
        read = parameter_reader()
        settings = settings_class.load(os.environ, read)
        ports = core_ports(settings, service)
        return build(settings, ports, reloading(settings, os.environ, read))

    return make
