"""The history of an order, a SKU, a send, an address, a customer."""

from collections.abc import Iterable

from functions.notifications.domain import digest_of
from ops.core.errors import OperatorError
from ops.history.domain import AuditTimeline, merged
from ops.history.store import AuditStore
from shared.contracts.channels import CHANNELS
from shared.kernel.ids import ID_RULE, OrderIds, is_id
from shared.storage.ports import Tables

DEFAULT_LIMIT = 100
MOST = 1000
_LONGEST = 128


class HistoryService:
    """Answers what happened to something.

    Args:
        order_ids: of the stage's payments, None where their key cannot be read.
        since: leave out what is older (ISO-8601); empty for everything.
        limit: the most entries, 1 to ``MOST``; the newest are kept.

    Raises:
        OperatorError: the limit is out of range.
    """

    def __init__(
        self,
        tables: Tables,
        order_ids: OrderIds | None,
        *,
        since: str = "",
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        if not 1 <= limit <= MOST:
            raise OperatorError(f"--limit: must be from 1 to {MOST}")
        self._store = AuditStore(tables, order_ids, since=since, limit=limit)
        self._limit = limit

    def of(self, kind: str, name: str) -> AuditTimeline:
        """What is recorded of something; ``KINDS`` says what the names are.

        Raises:
            OperatorError: nothing can have this name.
            DependencyError: the store did not answer.
        """
        return merged(self._found(kind, name), self._limit)

    def _found(self, kind: str, name: str) -> Iterable[AuditTimeline]:
        if kind == "address":
            return [self._store.of_entity("address", digest_of(name))]
        if kind == "user":
            if not 1 <= len(name) <= _LONGEST:
                raise OperatorError(f"user: must be 1 to {_LONGEST} characters")
            return [self._store.of_user(name)]
        product, _, variation = name.partition("#")
        if not is_id(product) or (variation and (kind != "stock" or not is_id(variation))):
            raise OperatorError(f"{kind}: {ID_RULE}")
        if kind == "mail":
            return [self._store.of_entity(channel.name, name) for channel in CHANNELS]
        if kind == "stock":
            entries = self._store.of_entity("stock", product)
            return [entries.only(lambda e: e.metadata.get("sku", product) == name)]
        return self._of_order(name)

    def _of_order(self, name: str) -> Iterable[AuditTimeline]:
        """By everything that carries the order's id, its payment, and what its customer was sent."""
        names = self._store.names_of(name)
        for entity_type in ("order", "checkout", "reservation"):
            yield self._store.of_entity(entity_type, names.order_id)
        if names.payment_id is not None:
            yield self._store.of_entity("payment", names.payment_id)
        if names.user_id is not None:
            of_user = self._store.of_user(names.user_id)
            yield of_user.only(lambda e: e.metadata.get("orderId") == names.order_id)
