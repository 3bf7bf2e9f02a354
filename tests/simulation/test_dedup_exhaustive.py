"""Every interleaving of three deliveries of one event with crashes, lost calls and a failing Redis."""

from collections.abc import Callable
from functools import cache

import pytest

from shared.messaging.claims import ClaimState
from shared.messaging.processor import Handled, Processor
from shared.messaging.transactional_outbox import TransactionalOutbox
from tests.simulation.exhaustive import DONE, Explorer, Services, State


def objection(explorer: Explorer) -> Callable[[State], str | None]:
    """What may not be in any state, and what must be possible from every one."""

    @cache
    def unhealed(services: Services) -> str | None:
        healed, delivery = explorer.heal(services)
        if delivery.end == "success" and healed[:3] == ("done", 1, True):
            return None
        return f"stuck: one more delivery ends in {delivery.end} and {healed}"

    def check(state: State) -> str | None:
        services = state.services
        rules = (
            (services.sold <= 1, "the effect happened twice"),
            ((services.record is None) == (services.sold == 0), "an effect without its record"),
            (services.record != "done" or services.told, "done, and nobody was told"),
            (services.redis != DONE or services.record == "done", "Redis says done, it is not"),
            (_answers(state, "success") == 0 or services.record == "done", "2xx while undecided"),
        )
        broken = next((told for holds, told in rules if not holds), None)
        return broken or unhealed(services)

    return check


def _answers(state: State, end: str) -> int:
    return sum(delivery.end == end for delivery in state.deliveries)


def test_no_interleaving_doubles_an_effect_acknowledges_too_early_or_gets_stuck():
    explorer = Explorer()

    assert explorer.run(objection(explorer)) is None
    ends = {delivery.end for state in explorer.seen for delivery in state.deliveries}
    records = {state.services.record for state in explorer.seen}
    assert ends == {None, "success", "busy", "failed", "dead"}
    assert records == {None, "committed", "done"}


def test_a_failed_delivery_keeps_no_claim_unless_redis_lost_the_release():
    explorer = Explorer(deliveries=2)

    def check(state: State) -> str | None:
        for who, delivery in enumerate(state.deliveries):
            held = (state.services.redis or "").startswith(f"l:t{who}:")
            if delivery.end in {"failed", "busy", "success"} and held and not delivery.release_lost:
                return f"delivery {who} ended {delivery.end} and holds its claim"
        return None

    assert explorer.run(check) is None


class AcknowledgesBusy(Processor):
    """A planted bug: a duplicate of something undecided counts as handled."""

    def handle(self, event, *, attempt, deadline):
        claim = self._claims.claim(event.event_id, lease_seconds=30)
        if claim.state is ClaimState.BUSY:
            return Handled(duplicate=True, outcome="busy", published=0)
        if claim.token:
            self._claims.release(event.event_id, claim.token)
        return super().handle(event, attempt=attempt, deadline=deadline)


class FinishesFirst(TransactionalOutbox):
    """A planted bug: the record is closed before its events are out."""

    def publish(self, records, **options):
        for record in records:
            self._pending._finish(record, 1)
        return super().publish(records, **options)


class TakesCommittedForDone(Processor):
    """A planted bug: a delivery that finds a record takes its events for published."""

    def _run(self, event, attempt, deadline):
        if self._outbox.find(event.event_id) is not None:
            return Handled(duplicate=True, outcome="found", published=0)
        return super()._run(event, attempt, deadline)


@pytest.mark.parametrize(
    "broken",
    [
        {"processor": AcknowledgesBusy},
        {"outbox": FinishesFirst},
        {"processor": TakesCommittedForDone},
    ],
    ids=lambda broken: next(iter(broken.values())).__name__,
)
def test_the_search_finds_planted_bugs(broken):
    explorer = Explorer(**broken, deliveries=2)

    way = explorer.run(objection(explorer))

    assert way is not None
    assert "BREACH" in way
