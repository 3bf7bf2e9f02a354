"""Settings of the notifications function, read from its environment."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, create_model

from shared.contracts.channels import CAPS, Channel
from shared.kernel.settings import ConsumerSettings, NonEmpty, TableName

S = TypeVar("S", bound=ConsumerSettings)

# What networks show as a sender: letters, digits and hyphens, at least one letter.
_SENDER_ID = r"^$|^[A-Za-z0-9-]{0,10}[A-Za-z][A-Za-z0-9-]{0,10}$"


def _with_caps(settings: type[S]) -> type[S]:
    """The same class with one more field for each channel that declares a cap."""
    fields: dict[str, Any] = {
        cap.setting.lower(): (int, Field(default=cap.per_hour, ge=1)) for cap in CAPS.values()
    }
    return create_model(
        settings.__name__,
        __base__=settings,
        __module__=__name__,
        __doc__=settings.__doc__,
        **fields,
    )


@_with_caps
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

    def caps(self) -> Mapping[Channel, int]:
        """How many messages one recipient gets within an hour of the clock, by channel."""
        return {channel: getattr(self, cap.setting.lower()) for channel, cap in CAPS.items()}
