"""What an order may be, why a checkout is rejected, and who answers for it, as bare words.

Apart from the events, so that a function that needs the words builds no models when it starts.
"""

from typing import Literal

OrderStatus = Literal["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED"]
# Who answers for the payment of a checkout: the shop, by its signature, or nothing but the request.
Trust = Literal["signed", "open"]
RejectionReason = Literal["out_of_stock", "price_changed", "unknown_product"]
