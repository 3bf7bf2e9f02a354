"""Puts the checks of a stage together, in the order in which a deployment meets them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import urllib3

from infra.settings import StageSettings
from infra.stage_file import KnownStage
from ops.core.errors import OperatorError
from ops.core.finding import Check, Finding, Findings, State, found, mend, ok, unknown
from ops.core.qstash import QStashApi
from ops.core.redis_ping import ping
from ops.preflight import account, machine, mail
from ops.preflight.qstash import QStashChecks
from ops.secrets import rules, shape
from ops.secrets.store import SecretStore

Client = Callable[[str], Any]
"""botocore's client of a service."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """The checks of one stage.

    Args:
        client: makes a client of a service of AWS.
        pool: connections to QStash.
        publish: send a message to QStash, too, and call it back.
        sms: the shop sends texts.
    """

    file: KnownStage
    settings: StageSettings
    client: Client
    pool: urllib3.PoolManager
    publish: bool = False
    sms: bool = False
    on_machine: Callable[[], Iterable[Check]] = field(default=machine.checks)

    def findings(self) -> Findings:
        """Everything that was found; nothing is changed, but by a message that ``publish`` sends."""
        region = self._region()
        place = found([account.place(self.file, self.client("sts"), region)])
        # In another account all would look missing, and the commands would mend the wrong one.
        right = place[0][1].state is State.OK
        there = found(
            check if right else Check(check.name, _not_asked) for check in self._in_account()
        )
        return [*place, *there, *found(self.on_machine())]

    def _region(self) -> str | None:
        region = self.client("ssm").meta.region_name
        return str(region) if region else None

    def _in_account(self) -> Iterator[Check]:
        stage, region = self.settings.stage, self.file.region
        ssm = self.client("ssm")
        yield from account.checks(self.file, self.settings, ssm, self.client("lambda"))
        ses, stacks = self.client("sesv2"), self.client("cloudformation")
        yield from mail.checks(self.settings, region, ses, stacks)
        if self.sms:
            yield from mail.texts(stage, region, self.client("sns"))
        store = SecretStore(ssm, self.settings.config_prefix, self.settings.secrets_key_arn)
        yield from shape.checks(store, stage, self.settings.checkout_trust)

        @cache
        def stored() -> Mapping[str, str]:
            return {name: entry.value for name, entry in store.read(rules.NAMES).items()}

        def open_api() -> QStashApi:
            token = stored().get(rules.QSTASH_TOKEN, "")
            if rules.problem(rules.QSTASH_TOKEN, token) is not None:
                raise OperatorError("QSTASH_TOKEN is missing or unusable, so it is not asked")
            return QStashApi(self.pool, self.settings.qstash_url, token)

        yield from QStashChecks(self.settings, open_api, stored).all(publish=self.publish)
        yield Check("Redis", lambda: _redis(stage, stored().get(rules.REDIS_URL, "")))


def _not_asked() -> Finding:
    return unknown("asked in the stage's own account alone")


def _redis(stage: str, url: str) -> Finding:
    if rules.problem(rules.REDIS_URL, url) is not None:
        raise OperatorError("REDIS_URL is missing or unusable, so it is not asked")
    if "ssl_cert_reqs=none" in url.lower() or "ssl_check_hostname=false" in url.lower():
        return mend(
            "REDIS_URL switches off the check of the certificate, so any server may answer",
            shape.set_command(rules.REDIS_URL, stage),
        )
    try:
        ping(url)
    except OperatorError as error:
        return mend(str(error), shape.set_command(rules.REDIS_URL, stage))
    return ok("answers over TLS, and takes the password")
