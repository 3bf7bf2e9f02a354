"""How long a failed delivery asks QStash to wait."""

import pytest

from shared.kernel.errors import (
    BusyError,
    ContentionError,
    DependencyError,
    PredecessorMissingError,
    PublishError,
    RecipientCappedError,
    ServiceNotReadyError,
)
from tests.builders import checkout_command, stock
from tests.pipeline import Pipeline


@pytest.mark.parametrize("kind", [DependencyError, PublishError])
def test_patience_with_a_dependency_grows_so_that_few_retries_outlive_an_outage(kind):
    error = kind("down", retry_after=2)

    assert [error.wait(failed, most=300) for failed in range(4)] == [2, 20, 200, 300]


@pytest.mark.parametrize("kind", [BusyError, ContentionError])
def test_patience_with_other_runs_stays_as_asked(kind):
    error = kind("busy", retry_after=7)

    assert [error.wait(failed, most=300) for failed in range(3)] == [7, 7, 7]


def test_patience_with_a_service_that_somebody_must_put_right_is_long_from_the_start():
    error = ServiceNotReadyError("the sender is not verified")

    assert [error.wait(failed, most=300) for failed in range(3)] == [300, 300, 300]


def test_patience_with_a_cap_reaches_into_the_next_hour_whatever_the_limit():
    error = RecipientCappedError("enough", retry_after=3555)

    assert [error.wait(failed, 300) for failed in range(3)] == [3555, 3555, 3555]


def test_patience_with_a_predecessor_reaches_over_minutes():
    error = PredecessorMissingError("waits")

    assert [error.wait(failed, most=300) for failed in range(4)] == [5, 30, 180, 300]


def test_deliveries_during_an_outage_ask_for_ever_longer_waits():
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    pipeline.outbox.failing = True

    waits = [
        int(
            pipeline.deliver("commands", checkout_command(), retried=retried)["headers"][
                "retry-after"
            ]
        )
        for retried in range(3)
    ]

    assert waits == [2, 20, 200]
