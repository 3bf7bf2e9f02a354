"""Which messages a list or bulk request means: filters are joined by AND, several values of one by OR.

Several values are repeated (`label=a&label=b`) or joined by commas (`label=a,b`). A name that an endpoint doesn't know
is refused everywhere: ignored, it would turn "delete these" into "delete all", and a list into a wrong answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from local.qstash.errors import BadRequestError
from local.qstash.http.json_bodies import parse_json, text_of
from local.qstash.model.drafts import Draft
from local.qstash.model.messages import State
from local.qstash.syntax.durations import parse_count

_SPELLINGS = {"callerIp": "callerIP", "messageIds": "messageId"}
_DATES = frozenset({"fromDate", "toDate"})
_SINGLE = _DATES | {"cursor", "count", "order"}
_TOKEN = "qstash_token"  # noqa: S105  a parameter's name

_COMMON = _DATES | {
    "url", "topicName", "queueName", "scheduleId", "callerIp", "callerIP", "label", "flowControlKey",
    "messageId", "count",
}  # fmt: skip
CANCEL = _COMMON | {"messageIds", "host", "path"}
LOGS = _COMMON | {"messageIds", "host", "path", "state", "responseStatus", "cursor", "order"}
DEAD_LETTERS = _COMMON | {"dlqIds", "responseStatus", "cursor", "order"}

_CANCELED_SPELLINGS = frozenset({State.CANCELED.value, "CANCELLED"})
_IN_PROGRESS = "IN_PROGRESS"
_STATES = frozenset(State) | _CANCELED_SPELLINGS | {_IN_PROGRESS}
_IN_PROGRESS_STATES = {State.ACTIVE, State.RETRY, State.ERROR}

Parameters = list[tuple[str, str]]


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
        if not self.wanted.keys().isdisjoint({"host", "path"}):
            parts = urlsplit(draft.url)
            values["host"] = (parts.hostname, parts.netloc)
            values["path"] = (parts.path, parts.path or "/")
        return all(
            any(value in wanted for value in values[name]) for name, wanted in self.wanted.items()
        )


def parse_criteria(parameters: Iterable[tuple[str, str]], known: frozenset[str]) -> Criteria:
    """Read the filters that an endpoint knows, refusing other names and values that can't be meant."""
    wanted: dict[str, set[str]] = {}
    single: dict[str, str] = {}
    for given, value in parameters:
        if given == _TOKEN:
            continue
        if given not in known:
            raise BadRequestError(f"unknown filter: {given}")
        if given in _SINGLE:
            if given in single:
                raise BadRequestError(f"invalid {given}: given more than once")
            single[given] = value
        elif given != "dlqIds":
            name = _SPELLINGS.get(given, given)
            wanted.setdefault(name, set()).update(_values(name, value))
    return Criteria(
        {name: frozenset(values) for name, values in wanted.items()},
        _date(single, "fromDate"),
        _date(single, "toDate"),
    )


def bulk_parameters(query: Parameters, body: bytes) -> Parameters:
    """Merge the query with a JSON body of the same meaning, as some SDKs send it."""
    if not body.strip():
        return query
    content = parse_json(body, what="body")
    if not isinstance(content, dict):
        raise BadRequestError("invalid body: expected a JSON object")
    parameters = list(query)
    for name, value in content.items():
        text_of(name, name="body")
        values = value if isinstance(value, list) else [value]
        # An empty list is kept as an empty value: it means none, not all.
        parameters += [(name, _scalar(name, one)) for one in values] or [(name, "")]
    return parameters


def chosen_ids(parameters: Parameters, name: str) -> list[str] | None:
    """Return the ids a bulk request names, repeated or comma-separated; None if it names no ids at all."""
    given = [value for key, value in parameters if key == name]
    if not given:
        return None
    return list(dict.fromkeys(one for value in given for one in value.split(",") if one))


def bulk_count(parameters: Parameters, *, most: int) -> int | None:
    """Return how many messages a bulk change may touch at once; None if it doesn't say."""
    text = next((value for name, value in parameters if name == "count"), None)
    if text is None:
        return None
    count = parse_count(text, name="count")
    if not 0 < count <= most:
        raise BadRequestError(f"invalid count: expected 1 to {most}")
    return count


def newest_comes_first(order: str | None) -> bool:
    """Read `order`; lists begin with the newest unless told otherwise."""
    if order not in {None, "", "latestFirst", "earliestFirst"}:
        raise BadRequestError("invalid order: expected latestFirst or earliestFirst")
    return order != "earliestFirst"


def _scalar(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRequestError(
            f"invalid {name}: expected a string, a whole number or a list of them"
        )
    return text_of(str(value), name=name)


def _values(name: str, value: str) -> list[str]:
    parts = value.split(",")
    if name == "state":
        for part in parts:
            if part not in _STATES:
                raise BadRequestError(f"invalid state: {part!r}")
    if name == "responseStatus":
        return [str(parse_count(part, name=name)) for part in parts]
    # A URL may itself have a comma.
    return [*parts, value] if name in {"url", "path"} else parts


def _date(single: Mapping[str, str], name: str) -> int | None:
    return parse_count(single[name], name=name) if name in single else None


def _state_names(state: State) -> Iterable[str]:
    if state is State.CANCELED:
        return _CANCELED_SPELLINGS
    return (state.value, _IN_PROGRESS) if state in _IN_PROGRESS_STATES else (state.value,)
