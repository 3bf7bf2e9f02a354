"""Operators' commands, run like any other program: over ports, and as mortal as the functions."""

from collections.abc import Callable, Mapping
from typing import Any

from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.dead_letters.domain import Filter, ReplayOptions
from ops.dead_letters.service import Outcome, Replayer
from ops.dead_letters.store import DeadLetterStore
from ops.mail.service import MailService
from ops.stock.service import StockService
from shared.messaging.ports import CorePorts
from tests.simulation.invocation import Response


class Operators:
    """``dead-letters replay``, ``mail resolve`` and ``stock``, as the command line puts them
    together."""

    def __init__(self, ports: CorePorts, jitter: Callable[[], float]) -> None:
        self._ports, self._jitter = ports, jitter

    def __call__(self, event: Mapping[str, Any], _context: Any) -> Response:
        if "stock" in event:
            return self._move(event["stock"], str(event["key"]))
        if "mail" in event:
            return self._resolve(str(event["mail"]), event["resolution"])
        return self._replay(tuple(event["letters"]), even_if_done=bool(event["evenIfDone"]))

    def _replay(self, event_ids: tuple[str, ...], *, even_if_done: bool) -> Response:
        ports, told = self._ports, list[Outcome]()
        replayer = Replayer(
            DeadLetterStore(ports.tables, ports.clock),
            tables=ports.tables,
            publisher=ports.publisher,
            clock=ports.clock,
            progress=told.append,
        )
        letters = replayer.select(Filter(event_ids), limit=len(event_ids))
        options = ReplayOptions(
            actor="operator",
            reason="simulation",
            force=True,
            even_if_done=even_if_done,
            settle_seconds=0,
        )
        replayer.run(letters, options)
        return {"told": {outcome.dead_letter.key: outcome.result.value for outcome in told}}

    def _move(self, request: Any, key: str) -> Response:
        ports = self._ports
        ledger = OperatorLedger(ports.tables, ports.publisher, ports.clock, jitter=self._jitter)
        desk = StockService(ports.tables, ledger, ports.clock, operator="operator")
        try:
            done = desk.carry_out(request, why="simulation", key=key)
        except OperatorError as refused:
            return {"refused": str(refused)}
        return {"available": done.after}

    def _resolve(self, event_id: str, resolution: Any) -> Response:
        ports = self._ports
        desk = MailService(ports.tables, ports.publisher, ports.clock)
        done = desk.resolve(event_id, resolution, actor="operator", reason="simulation")
        return {"decided": done.decided}
