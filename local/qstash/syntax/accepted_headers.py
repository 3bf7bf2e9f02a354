"""Which `Upstash-*` headers each way of publishing takes. Any other is refused: an option that was dropped silently
would only be missed in production.
"""

from __future__ import annotations

from collections.abc import Iterable

from local.qstash.errors import BadRequestError
from local.qstash.syntax.headers import canonical

_COMMON = frozenset(
    {"method", "timeout", "retries", "retry-delay", "label", "redact-fields", "callback", "failure-callback",
     "header-forward", "delay", "flow-control-key", "flow-control-value"}
)  # fmt: skip
_DEDUPLICATION = frozenset({"deduplication-id", "content-based-deduplication"})

PUBLISH = _COMMON | _DEDUPLICATION | {"not-before"}
SCHEDULE = _COMMON | {"cron", "schedule-id", "queue-name"}
NOTHING: frozenset[str] = frozenset()
DEAD_LETTER_RETRY = _COMMON | {"not-before"}

_HOOK_OPTIONS = frozenset({"method", "timeout", "retries", "retry-delay", "delay"})
_HOOKS = ("failure-callback-", "callback-")
# What SDKs say about themselves, and what a delivery carries: a receiver may pass its request on as it is.
_MEANINGLESS = frozenset(
    {"message-id", "retried", "signature", "caller-ip", "region", "topic-name"}
)


def refuse_unsupported(names: Iterable[str], accepted: frozenset[str], *, where: str) -> None:
    """Refuse, by name, the first `Upstash-*` header that can't be honoured; names come in lower case."""
    for name in names:
        if name.startswith("upstash-") and not _is_accepted(
            name.removeprefix("upstash-"), accepted
        ):
            raise BadRequestError(f"unsupported: {canonical(name)} {where}")


def _is_accepted(name: str, accepted: frozenset[str]) -> bool:
    if name in _MEANINGLESS or name.startswith("telemetry-"):
        return True
    if not accepted:
        return False
    if name in accepted or name.startswith("forward-"):
        return True
    for hook in _HOOKS:
        if name.startswith(hook):
            option = name.removeprefix(hook)
            return option in _HOOK_OPTIONS or option.startswith("forward-")
    return False
