"""Deliveries as a timeline."""

from collections.abc import Sequence

from local.stack.client import Item
from local.stack.stackfile import Stack


def rows(deliveries: Sequence[Item], stack: Stack, since_ms: float) -> list[list[str]]:
    """One row per delivery, in time order: when, where, what, how it ended."""
    found = [["after", "to", "event", "attempt", "answer", "took"]]
    for entry in sorted(deliveries, key=lambda entry: int(entry["startedAt"])):
        took = int(entry["finishedAt"]) - int(entry["startedAt"])
        found.append(
            [
                _seconds(int(entry["startedAt"]) - since_ms),
                topic_of(str(entry["url"]), stack),
                str(entry["eventType"]),
                str(int(entry["attempt"]) + 1),
                f"HTTP {entry['status']}",
                f"{took} ms",
            ]
        )
    return found


def all_handled(deliveries: Sequence[Item]) -> bool:
    """Whether the last delivery of every message was answered with 200."""
    last = {entry["messageId"]: entry["status"] for entry in deliveries}
    return bool(last) and set(last.values()) == {200}


def span(deliveries: Sequence[Item], since_ms: float) -> str:
    """From then until the last delivery was answered."""
    return _seconds(max(int(entry["finishedAt"]) for entry in deliveries) - since_ms)


def topic_of(url: str, stack: Stack) -> str:
    """The topic whose function has this address."""
    for topic, address in stack.topics.items():
        if url.startswith(address["url"]):
            return topic
    return url


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s"
