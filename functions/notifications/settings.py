"""What the notifications function is told from outside."""

from typing import Annotated

from shared.settings import ConsumerSettings, NonEmpty, TableName


class NotificationsSettings(ConsumerSettings):
    """Settings of the notifications function."""

    table_notifications: Annotated[NonEmpty, TableName("notifications")]
    sender_address: NonEmpty
    ses_configuration_set: NonEmpty
    shop_name: NonEmpty = "The Shop"
    currency: NonEmpty = "EUR"
