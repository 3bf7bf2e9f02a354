"""Single steps of a delivery, each beside what would do the same job by default."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping

from qstash import Receiver
from redis import Redis

from benchmarks import events
from benchmarks.subjects import Batch, Subject, Workload
from functions.commands.settings import CommandsSettings
from shared.client.checkout import sign_checkout
from shared.contracts import analytics, commands
from shared.contracts.envelope import read_event
from shared.contracts.topics import COMMAND_CHECKOUT, Topic
from shared.kernel.clock import SystemClock
from shared.messaging.claims import ClaimState
from shared.messaging.outbox import Outbound
from shared.messaging.signature import RotatingKeys, SigningKeys, Verifier
from shared.messaging.standard_webhooks import RequestVerifier, decoded_key
from shared.runtime import clients, compose
from shared.telemetry.powertools import PowertoolsTelemetry
from tests.signing import CHECKOUT_KEY, CURRENT_KEY, NEXT_KEY, sign

KIB, MIB = 1024, 1024 * 1024
_URL = events.URLS["commands"]


def _repeat(operation: Callable[[], object]) -> Workload:
    def workload(count: int) -> Batch:
        def batch() -> None:
            for _ in range(count):
                operation()

        return batch

    return workload


def _verify(size: int) -> Subject:
    def subject(_environ: Mapping[str, str]) -> Workload:
        keys = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
        clock = SystemClock()
        verifier = Verifier(RotatingKeys(lambda: keys, clock), clock)
        body, urls = events.checkout_body_of_size(size), frozenset({_URL})
        token = sign(_URL, body, time.time())
        return _repeat(lambda: verifier(token, body, urls))

    return subject


def _verify_checkout(_environ: Mapping[str, str]) -> Workload:
    key = decoded_key(CHECKOUT_KEY)
    keys, clock = SigningKeys(key, key), SystemClock()
    verifier = RequestVerifier(RotatingKeys(lambda: keys, clock), clock)
    body = str(events.checkout_request(events.checkout_body("evt-1"))["body"]).encode()
    headers = sign_checkout(body, key=CHECKOUT_KEY)
    return _repeat(lambda: verifier(headers, body))


def _verify_sdk(size: int) -> Subject:
    def subject(_environ: Mapping[str, str]) -> Workload:
        receiver = Receiver(CURRENT_KEY, NEXT_KEY)
        body = events.checkout_body_of_size(size).decode()
        token = sign(_URL, body.encode(), time.time())
        return _repeat(lambda: receiver.verify(signature=token, body=body, url=_URL))

    return subject


def _sha256(size: int) -> Subject:
    body = events.checkout_body_of_size(size)
    return lambda _environ: _repeat(lambda: hashlib.sha256(body).digest())


def _parse(_environ: Mapping[str, str]) -> Workload:
    body = events.checkout_body("evt-1")
    models = {COMMAND_CHECKOUT: commands.CheckoutCommand}
    return _repeat(lambda: read_event(body, models))


def _parse_json(_environ: Mapping[str, str]) -> Workload:
    body = events.checkout_body("evt-1")
    return _repeat(lambda: json.loads(body))


def _settings(environ: Mapping[str, str]) -> CommandsSettings:
    return CommandsSettings.load(environ, lambda _names: {})


def _telemetry() -> PowertoolsTelemetry:
    return PowertoolsTelemetry(service="commands", stage="bench", level="INFO")


def _publish(messages: int) -> Subject:
    def subject(environ: Mapping[str, str]) -> Workload:
        publisher = compose.publisher(_settings(environ), SystemClock(), _telemetry())
        event = read_event(events.audit_body("evt-1"), {"analytics.audit": analytics.AuditRecorded})
        batch = [Outbound.of(event)] * messages
        return _repeat(lambda: publisher.publish(batch))

    return subject


def _claims(environ: Mapping[str, str]) -> Workload:
    claims = compose.claims(_settings(environ), Topic.COMMANDS.value, SystemClock(), _telemetry())
    ids = events.fresh_ids("claim")

    def run() -> None:
        event_id = next(ids)
        claim = claims.claim(event_id, lease_seconds=30)
        if claim.state is not ClaimState.CLAIMED or not claim.token:
            raise AssertionError(f"the claim of a new event was {claim.state}")
        claims.complete(event_id, claim.token)

    return _repeat(run)


def _naive_claims(environ: Mapping[str, str]) -> Workload:
    # The same client: what is compared is the commands, not the way to Redis.
    client: Redis = clients.redis(environ["REDIS_URL"])
    ids = events.fresh_ids("naive")

    def run() -> None:
        key = f"webhook:dedup:{next(ids)}"
        client.set(key, "processing", nx=True, px=30_000)
        client.set(key, "done", px=3_600_000)

    return _repeat(run)


def _line_and_flush(_environ: Mapping[str, str]) -> Workload:
    telemetry = _telemetry()
    telemetry.bind(event_id="evt-1", event_type="command.checkout", correlation_id="corr-1")

    def run() -> None:
        telemetry.info("Received command.checkout (retry: 0)", retry=0)
        telemetry.count("EventsHandled")
        telemetry.flush()

    return _repeat(run)


SUBJECTS: dict[str, Subject] = {
    "verify.1k": _verify(KIB),
    "verify.1m": _verify(MIB),
    "verify.1k.sdk": _verify_sdk(KIB),
    "verify.1m.sha256": _sha256(MIB),
    "parse": _parse,
    "parse.json": _parse_json,
    "publish.1": _publish(1),
    "publish.10": _publish(10),
    "claims": _claims,
    "claims.naive": _naive_claims,
    "log": _line_and_flush,
    "verify.checkout": _verify_checkout,
}
