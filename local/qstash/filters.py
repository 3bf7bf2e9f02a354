"""Which messages a list or bulk request means: filters are joined by AND, several values of one by OR."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from local.qstash.drafts import Draft
from local.qstash.durations import parse_count
from local.qstash.errors import BadRequestError
from local.qstash.messages import State

_SPELLINGS = {"callerIp": "callerIP", "messageIds": "messageId"}
_FIELDS = frozenset(
    {"messageId", "url", "topicName", "queueName", "scheduleId", "responseStatus", "callerIP", "label",
     "flowControlKey", "state"}
)  # fmt: skip
_PAGING = frozenset({"cursor", "count", "order", "qstash_token"})
_LISTS = frozenset({"messageIds", "dlqIds"})
_IN_PROGRESS = {State.ACTIVE.value, State.RETRY.value, State.ERROR.value}


@dataclass(frozen=True, slots=True)
class Criteria:
    """A parsed filter. A name that was given without a value, or with an empty list, matches nothing."""

    wanted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    from_ms: int | None = None
    to_ms: int | None = None

    def matches(
        self,
        draft: Draft,
        *,
        message_id: str,
        at_ms: int,
        state: State | None = None,
        status: int | None = None,
    ) -> bool:
        """Check a message (with the state or status of the entry in question) against every filter."""
        if self.from_ms is not None and at_ms < self.from_ms:
            return False
        if self.to_ms is not None and at_ms > self.to_ms:
            return False
        values: dict[str, Iterable[str | None]] = {
            "messageId": (message_id,),
            "url": (draft.url,),
            "topicName": (draft.topic,),
            "queueName": (draft.queue,),
            "scheduleId": (draft.schedule_id,),
            "responseStatus": (None if status is None else str(status),),
            "callerIP": (draft.caller_ip,),
            "label": draft.labels,
            "flowControlKey": (draft.flow_control.key if draft.flow_control else None,),
            "state": () if state is None else _state_names(state),
        }
        return all(
            any(value in wanted for value in values[name]) for name, wanted in self.wanted.items()
        )


def parse_criteria(parameters: Iterable[tuple[str, str]], *, strict: bool = False) -> Criteria:
    """Read filters from query parameters; `strict`, for bulk changes, refuses names that mean nothing here.

    A mistyped filter that was ignored would turn "delete these" into "delete all".
    """
    wanted: dict[str, set[str]] = {}
    dates: dict[str, int] = {}
    for given, value in parameters:
        name = _SPELLINGS.get(given, given)
        if name in {"fromDate", "toDate"}:
            dates[name] = parse_count(value, name=name)
        elif name in _FIELDS:
            wanted.setdefault(name, set()).update(_values(given, value))
        elif strict and given not in _PAGING and given not in _LISTS:
            raise BadRequestError(f"unknown filter: {given}")
    return Criteria(
        {name: frozenset(values) for name, values in wanted.items()},
        dates.get("fromDate"),
        dates.get("toDate"),
    )


def bulk_parameters(query: list[tuple[str, str]], body: bytes) -> list[tuple[str, str]]:
    """Merge the query with a JSON body of the same meaning, as some SDKs send it."""
    if not body.strip():
        return query
    try:
        content = json.loads(body)
    except ValueError as error:
        raise BadRequestError("invalid body: expected a JSON object") from error
    if not isinstance(content, dict):
        raise BadRequestError("invalid body: expected a JSON object")
    parameters = list(query)
    for name, value in content.items():
        if isinstance(value, list):
            # An empty list is kept as an empty value: it means none, not all.
            parameters += [(name, str(one)) for one in value] or [(name, "")]
        else:
            parameters.append((name, str(value)))
    return parameters


def chosen_ids(parameters: list[tuple[str, str]], name: str) -> list[str] | None:
    """Return the ids a bulk request names, repeated or comma-separated; None if it names no ids at all."""
    given = [value for key, value in parameters if key == name]
    if not given:
        return None
    return list(dict.fromkeys(one for value in given for one in value.split(",") if one))


def _values(name: str, value: str) -> list[str]:
    return value.split(",") if name in _LISTS else [value]


def _state_names(state: State) -> tuple[str, ...]:
    return (state.value, "IN_PROGRESS") if state.value in _IN_PROGRESS else (state.value,)
