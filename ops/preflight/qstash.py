"""Does QStash take this stage's messages: token, region, signing keys, plan, limits?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from infra.settings import StageSettings
from ops.core.finding import Check, Finding, mend, ok, unknown
from ops.core.qstash import REGIONS, Answer, QStashApi
from ops.secrets.rules import QSTASH_CURRENT, QSTASH_NEXT, QSTASH_TOKEN
from ops.secrets.shape import set_command
from shared.adapters.qstash_flow_control import flow_key, flow_value
from shared.adapters.qstash_publisher import CALLBACK_RETRIES
from shared.contracts.topics import Topic
from shared.kernel.errors import DependencyError
from shared.messaging.outbox import DEFAULT_RETRIES

# Far away, so that the message is called back before it is delivered.
_DELAY = "1h"
# Reserved for examples (RFC 2606): should the message be delivered after all, it changes nothing.
_TARGET = "https://www.example.com/"
_REFUSED = frozenset({401, 403})
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class QStashChecks:
    """What is asked of QStash.

    Args:
        open_api: QStash with the stored token; raises an ``OperatorError`` if there is none.
        stored: the stored secrets by their names, as far as they exist.
    """

    settings: StageSettings
    open_api: Callable[[], QStashApi]
    stored: Callable[[], Mapping[str, str]]
    regions: tuple[str, ...] = REGIONS

    def all(self, *, publish: bool) -> Iterator[Check]:
        """The checks.

        Args:
            publish: send a message, too, and call it back: this is more than looking.
        """
        yield Check("QStash token and region", self._token)
        yield Check("QStash signing keys", self._keys)
        yield Check("QStash plan", self._plan)
        for topic in Topic:
            yield Check(f"QStash flow control, {topic.value}", partial(self._flow_control, topic))
        if publish:
            yield Check("QStash takes a message", self._publish)

    @property
    def _label(self) -> str:
        return f"order-pipeline-{self.settings.stage}"

    def _token(self) -> Finding:
        api = self.open_api()
        if not api.is_safe:
            return mend(
                f"{api.url} is not https: the token would travel in plain text",
                f'in stages/{self.settings.stage}.json, under "facts": "qstash_url": "{REGIONS[0]}"',
            )
        answer = api.call("GET", "/v2/keys")
        if answer.status == 200:
            return ok(f"accepted at {api.url}")
        if answer.status not in _REFUSED | {_NOT_FOUND}:
            return _odd(answer)
        for region in self._other_regions(api.url):
            if api.at(region).call("GET", "/v2/keys").status == 200:
                return mend(
                    f"{api.url} refuses the token, {region} accepts it: the stage has the wrong region",
                    f'in stages/{self.settings.stage}.json, under "facts": "qstash_url": "{region}"',
                )
        return mend(
            f"{api.url} refuses the token: it is revoked, mistyped, or of another account",
            set_command(QSTASH_TOKEN, self.settings.stage),
        )

    def _other_regions(self, url: str) -> tuple[str, ...]:
        # Only QStash itself is shown the token: a server of another kind has no other regions.
        return (
            tuple(region for region in self.regions if region != url) if url in self.regions else ()
        )

    def _keys(self) -> Finding:
        answer = self._asked("/v2/keys")
        theirs = {QSTASH_CURRENT: answer.text("current"), QSTASH_NEXT: answer.text("next")}
        if answer.status != 200 or not all(theirs.values()):
            return _odd(answer)
        stored = self.stored()
        other = [name for name, value in theirs.items() if stored.get(name) != value]
        if not other:
            return ok("as they are stored")
        return mend(
            f"{' and '.join(other)}: not what QStash has, so deliveries would be refused",
            f".venv/bin/python -m ops secrets rotate QSTASH_SIGNING_KEYS --stage {self.settings.stage}",
        )

    def _plan(self) -> Finding:
        answer = self._asked("/v2/globalParallelism")
        most = answer.number("parallelismMax")
        if answer.status != 200 or most is None:
            return _odd(answer)
        topic = max(Topic, key=self.settings.parallelism)
        wanted = self.settings.parallelism(topic)
        if most < wanted:
            return mend(
                f"{most} deliveries at once, and {topic.value} alone may take {wanted}: the plan is "
                "too small for this stage",
                "open https://console.upstash.com/qstash and choose pay as you go, or more",
            )
        return ok(f"{most} deliveries at once")

    def _flow_control(self, topic: Topic) -> Finding:
        key, wanted = flow_key(self._label, topic.value), self.settings.parallelism(topic)
        answer = self._asked(f"/v2/flowControl/{key}")
        if answer.status == _NOT_FOUND:
            return ok(f"at most {wanted} at once, from the first message on")
        if answer.status != 200:
            return _odd(answer)
        address = f"{self.settings.qstash_url.rstrip('/')}/v2/flowControl/{key}"
        curl = f'curl -X POST -H "Authorization: Bearer $QSTASH_TOKEN" {address}'
        if answer.values.get("isPaused") is True:
            return mend("paused: messages wait until it is resumed", f"{curl}/resume")
        pinned, most = answer.values.get("isPinnedParallelism"), answer.number("parallelismMax")
        if pinned is True and most != wanted:
            return mend(
                f"pinned to {most} at once in QStash's console, and the stage says {wanted}",
                f"{curl}/unpin?parallelism=true",
            )
        return ok(f"at most {wanted} at once")

    def _publish(self) -> Finding:
        topic = Topic.ANALYTICS
        headers = {
            "Upstash-Delay": _DELAY,
            "Upstash-Retries": str(DEFAULT_RETRIES),
            "Upstash-Failure-Callback": _TARGET,
            "Upstash-Failure-Callback-Retries": str(CALLBACK_RETRIES),
            "Upstash-Label": self._label,
            "Upstash-Flow-Control-Key": flow_key(f"{self._label}-preflight", topic.value),
            "Upstash-Flow-Control-Value": flow_value(self.settings.parallelism(topic)),
        }
        api = self.open_api()
        answer = api.call("POST", f"/v2/publish/{_TARGET}", headers=headers, body=b"{}")
        message = answer.text("messageId")
        if not 200 <= answer.status < 300 or not message:
            said = answer.text("error") or f"HTTP {answer.status}"
            return mend(
                f"QStash refuses a message as this stage sends it: {said[:200]}",
                "open https://console.upstash.com/qstash and choose pay as you go, or more"
                if "quota" in said
                else set_command(QSTASH_TOKEN, self.settings.stage),
            )
        back = api.call("DELETE", f"/v2/messages/{message}")
        if not 200 <= back.status < 300:
            return unknown(f"taken, but not called back: {message} goes to {_TARGET} in an hour")
        return ok("taken as this stage sends it, and called back")

    def _asked(self, path: str) -> Answer:
        """An answer to a token that was accepted.

        Raises:
            DependencyError: it was refused, which the first check tells.
        """
        answer = self.open_api().call("GET", path)
        if answer.status in _REFUSED:
            raise DependencyError("QStash refuses the token")
        return answer


def _odd(answer: Answer) -> Finding:
    return unknown(f"QStash answers HTTP {answer.status}, which says nothing here")
