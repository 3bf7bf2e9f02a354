"""What the notifications function is told from outside."""

from typing import Annotated

from pydantic import Field

from shared.kernel.settings import ConsumerSettings, NonEmpty, TableName

# What networks show as a sender: letters, digits and hyphens, at least one letter.
_SENDER_ID = r"^$|^[A-Za-z0-9-]{0,10}[A-Za-z][A-Za-z0-9-]{0,10}$"


class NotificationsSettings(ConsumerSettings):
    """Settings of the notifications function."""

    table_notifications: Annotated[NonEmpty, TableName("notifications")]
    sender_address: NonEmpty
    alert_address: NonEmpty
    ses_configuration_set: NonEmpty
    shop_name: NonEmpty = "The Shop"
    currency: NonEmpty = "EUR"
    sms_sender_id: Annotated[str, Field(pattern=_SENDER_ID, max_length=11)] = ""
    sms_max_segments: int = Field(default=3, ge=1, le=10)
    mails_per_hour: int = Field(default=20, ge=1)
    sms_per_hour: int = Field(default=5, ge=1)
