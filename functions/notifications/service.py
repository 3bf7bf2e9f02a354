"""Use cases of the notifications topic."""

from functions.notifications.domain import digest_of
from shared.contracts.notifications import EmailPayload

LOW_STOCK = "low-stock-alert"
NO_SUBJECT = "-"


def _is_alert(payload: EmailPayload, alert_address: str) -> bool:
    # Both: else anybody could tell the shop, or with this template anybody else, without an end.
    same_box = digest_of(payload.to) == digest_of(alert_address)
    return payload.template_id == LOW_STOCK and same_box
