"""Acts out the plan, as patient as real clients are, and remembers what was promised."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.stack.client import StackClient
from tests.chaos import load
from tests.chaos.load import Act, Kind

_SHOPPERS = 6
# Somebody new comes at most so often, and only while QStash is not too far behind: the run adapts
# to the machine instead of drowning it.
_ARRIVAL_SECONDS = 0.2
_MOST_DUE = 40
_TRIES = 40
_PAUSE = 0.5


@dataclass(slots=True)
class Book:
    """What the outside world was told.

    Args:
        accepted: order ids that the API answered 202 for.
        commanded: order ids of carts that were published past the API.
        refused: refusals at the door, by code.
        poisoned: event ids of dead letters that are expected.
        unserved: who got no answer however often they tried.
        broken: answers that no client may ever get.
    """

    accepted: set[str] = field(default_factory=set)
    commanded: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    poisoned: set[str] = field(default_factory=set)
    unserved: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    posts: int = 0
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Shoppers:
    """All actors of a run.

    Args:
        due: how many messages wait to be delivered now.
        stop: set when there is no time left.
    """

    def __init__(
        self,
        client: StackClient,
        acts: Sequence[Act],
        *,
        due: Callable[[], int],
        stop: threading.Event,
    ) -> None:
        self._client, self._acts, self._due, self._stop = client, acts, due, stop
        self._free = threading.Semaphore(_SHOPPERS)
        self.book = Book()
        self._victims: list[dict[str, Any]] = []

    def run(self) -> Book:
        """Act until the plan is done or the time is up."""
        with ThreadPoolExecutor(_SHOPPERS) as pool:
            for act in self._acts:
                while not self._stop.wait(_ARRIVAL_SECONDS) and self._due() > _MOST_DUE:
                    pass
                self._free.acquire()
                if self._stop.is_set():
                    break
                pool.submit(self._guarded, act)
        return self.book

    def _guarded(self, act: Act) -> None:
        try:
            self._perform(act)
        except Exception as error:  # noqa: BLE001 - whatever a client sees is a result of the run
            self.book.broken.append(f"{act.kind.value}: {type(error).__name__}: {error}")
        finally:
            self.book.done += 1
            self._free.release()

    def _perform(self, act: Act) -> None:
        match act.kind:
            case Kind.ONCE | Kind.REPEATED:
                if 202 in {self._post(act.cart) for _ in range(act.times)}:
                    self._victims.append(act.cart)
            case Kind.OTHER_CART:
                first, second = self._post(act.cart), self._post(act.other)
                if first == 202 and second == 202:
                    payment = act.cart["paymentId"]
                    self.book.broken.append(f"{payment}: two carts accepted for one payment")
            case Kind.OUTSIDE | Kind.WRONG_PRICE:
                event_id = f"evt-{act.cart['paymentId']}"
                self.book.commanded.add(self._client.order_id_for(act.cart["paymentId"]))
                self._publish(load.command(act.cart, event_id))
            case Kind.POISON:
                self._poison(act)

    def _post(self, cart: dict[str, Any]) -> int:
        """POST until there is an answer that means something."""
        for _ in range(_TRIES):
            self.book.posts += 1
            try:
                answer = self._client.check_out(cart)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code in {202, 400, 409}:
                self._note(cart, answer)
                return answer.status_code
            if answer is not None and answer.status_code not in {429, 500, 502, 503, 504}:
                self.book.broken.append(f"HTTP {answer.status_code} for {cart['paymentId']}")
                return answer.status_code
            if self._stop.wait(_PAUSE):
                break
        self.book.unserved.append(cart["paymentId"])
        return 0

    def _note(self, cart: dict[str, Any], answer: httpx.Response) -> None:
        body = answer.json()
        with self.book.lock:
            if answer.status_code != 202:
                self.book.refused[body["error"]["code"]] += 1
            elif body["data"]["orderId"] != self._client.order_id_for(cart["paymentId"]):
                self.book.broken.append(f"{cart['paymentId']}: promised another order id")
            else:
                self.book.accepted.add(body["data"]["orderId"])

    def _publish(self, event: dict[str, Any] | bytes) -> str:
        """Publish until QStash has taken it; its message id."""
        for _ in range(_TRIES):
            try:
                return publish(self._client, event)
            except httpx.HTTPError:
                time.sleep(_PAUSE)
        raise TimeoutError("QStash took nothing")

    def _poison(self, act: Act) -> None:
        victim = self._victims[0] if self._victims else None
        event = load.poison(act, victim)
        message_id = self._publish(event)
        known = f"message:{message_id}" if isinstance(event, bytes) else str(event["eventId"])
        with self.book.lock:
            self.book.poisoned.add(known)


def publish(client: StackClient, event: dict[str, Any] | bytes) -> str:
    """Publish to the commands topic as any producer would."""
    if not isinstance(event, bytes):
        return client.publish(client.url("commands"), event)
    answer = client.http.post(
        f"{client.stack.qstash['url']}/v2/publish/{client.url('commands')}",
        content=event,
        headers={
            "Authorization": f"Bearer {client.stack.qstash['token']}",
            "Content-Type": "application/json",
            "Upstash-Failure-Callback": f"{client.url('analytics')}failures",
        },
    )
    return str(answer.raise_for_status().json()["messageId"])
