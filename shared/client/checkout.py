"""What the server of a shop uses where the stage takes signed checkouts only."""

import time
import uuid
from collections.abc import Callable

from shared.messaging.standard_webhooks import sign


def sign_checkout(
    body: bytes,
    *,
    key: str,
    now: Callable[[], float] = time.time,
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
) -> dict[str, str]:
    """The headers that say: this payment is real, and we took it.

    Sign where the payment was taken, after it was taken. Send the same bytes; a repeated request is
    the same checkout, under a new signature too.

    Args:
        body: the JSON of the checkout, as it will be sent.
        key: ``CHECKOUT_CURRENT_SIGNING_KEY``, as it was put into the parameter store (``whsec_…``).

    Raises:
        ValueError: the key is none.
    """
    return sign(body, key=key, message_id=new_id(), now=now())
