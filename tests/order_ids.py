"""The order ids of the tests' shop, whose key is no secret."""

from shared.kernel.ids import OrderIds

ORDER_ID_KEY = "order-ids-of-tests-0123456789abcdef"
ORDER_IDS = OrderIds(ORDER_ID_KEY.encode())


def order_id_for(payment_id: str) -> str:
    """The id that the order of a payment gets."""
    return ORDER_IDS.of(payment_id)
