"""What an order may be and why a checkout is rejected, as bare words.

Apart from the events, so that a function that needs the words builds no models when it starts.
"""

from typing import Literal

OrderStatus = Literal["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED"]
RejectionReason = Literal["out_of_stock", "price_changed", "unknown_product"]
