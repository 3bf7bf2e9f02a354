"""Puts the reconciler together."""

from functools import partial

from functions.reconciler import dead_letter_store, retention_store, store
from functions.reconciler.failed_messages import QStashFailedMessages
from functions.reconciler.service import Reconciler, answer
from functions.reconciler.settings import ReconcilerSettings
from shared.adapters.qstash_dlq import QStashDeadLetterQueue
from shared.adapters.qstash_flow_control import QStashFlowControl
from shared.messaging.consumer import Handler
from shared.messaging.ports import CorePorts
from shared.runtime import clients, compose


def build(settings: ReconcilerSettings, ports: CorePorts) -> Handler:
    """The reconciler over the given ports."""
    service = (clients.http_pool(), settings.qstash_url, settings.qstash_token.get_secret_value())
    failed = QStashFailedMessages(
        QStashDeadLetterQueue(*service),
        addresses=settings.all_addresses(),
        callbacks=settings.addresses("analytics", "failures"),
        now=ports.clock.now,
    )
    reconciler = Reconciler(
        checkouts=store.PendingCheckoutTables(ports.tables),
        failed=failed,
        reservations=store.ReservationTables(ports.tables),
        orders=store.UnconfirmedOrderTables(ports.tables),
        dead_letters=dead_letter_store.due_in(ports),
        ports=ports,
        unconfirmed_order_seconds=settings.unconfirmed_order_seconds,
        waiting=QStashFlowControl(*service, settings.label(), settings.parallelism()),
    ).removing(retention_store.retentions(ports, settings.checkout_days, settings.dead_letter_days))
    return partial(answer, reconciler, telemetry=ports.telemetry)


make = compose.plain_function("reconciler", ReconcilerSettings, build)
