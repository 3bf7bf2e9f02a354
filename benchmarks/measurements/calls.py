"""What an event costs elsewhere: requests and connections, counted by who gets them."""

from dataclasses import dataclass

from benchmarks.figures import Figure, count_figure
from benchmarks.run import Run
from benchmarks.worker import Worker

_WRITES = ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem")


@dataclass(frozen=True, slots=True)
class Counted:
    """Per event."""

    reads: float
    writes: float
    qstash: float
    redis: float
    connections: float

    @property
    def calls(self) -> float:
        """All of them."""
        return self.reads + self.writes + self.qstash + self.redis


def _count(run: Run, subject: str) -> Counted:
    world, events = run.world, max(run.effort.operations, 10)
    with Worker(subject, world.environment(counting=True), operations=events) as worker:
        worker.run(1)
        world.reset()
        worker.run(events)
        writes = sum(world.dynamodb.requests[name] for name in _WRITES)
        return Counted(
            reads=(world.dynamodb.requests.total() - writes) / events,
            writes=writes / events,
            qstash=world.qstash.requests.total() / events,
            redis=len(world.proxy.commands) / events,
            connections=world.connections / events,
        )


def measure(run: Run) -> list[Figure]:
    """After the first event of a process."""
    checkout = _count(run, "spine.checkout")
    run.note("checkout counted")
    duplicate, audit = _count(run, "spine.duplicate"), _count(run, "spine.audit")
    api = _count(run, "spine.api")
    return [
        count_figure("calls: POST /api/checkout", api.calls, budget=3),
        count_figure("calls: command.checkout", checkout.calls, budget=6),
        count_figure("  of these DynamoDB writes", checkout.writes, budget=2),
        count_figure("  of these DynamoDB reads", checkout.reads, budget=1),
        count_figure("  of these QStash requests", checkout.qstash, budget=1),
        count_figure("  of these Redis round trips", checkout.redis, budget=2),
        count_figure("calls: analytics.audit", audit.calls, budget=3),
        count_figure("  of these DynamoDB writes", audit.writes, budget=1),
        count_figure("calls: a duplicate", duplicate.calls, budget=1),
        count_figure("new connections per event", checkout.connections, budget=0),
    ]
