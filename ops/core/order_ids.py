"""How a command finds an order by the id of its payment.

New orders' ids are keyed: only an operator who may read the key can go from a payment to its order.
"""

from collections.abc import Callable

from ops.core.connection import Connection
from shared.kernel.errors import ConfigurationError, DependencyError
from shared.kernel.ids import OrderIds
from shared.kernel.settings import OrderIdSettings


def order_ids_of(connection: Connection, tell: Callable[[str], None]) -> OrderIds | None:
    """The order ids of the stage's payments; None where this operator may not read their key.

    Args:
        tell: says so to the operator; the command goes on without the key.
    """
    stage = connection.stage
    environ = {"STAGE": stage, "CONFIG_PREFIX": f"/order-pipeline/{stage}"}
    try:
        return OrderIdSettings.load(environ, connection.read_parameters).ids_of_orders()
    except (ConfigurationError, DependencyError) as error:
        tell(
            f"note: the key of order ids cannot be read ({error}). An order is found by its own id; "
            "by its payment's id, only one from before there was a key is."
        )
        return None


def possible_ids(name: str, order_ids: OrderIds | None) -> tuple[str, ...]:
    """What an order may be stored under that an operator names by its own id or its payment's."""
    if order_ids is None:
        return (name, OrderIds.plain(name))
    return (name, *order_ids.both(name))
