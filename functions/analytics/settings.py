"""What the analytics function is told from outside."""

from typing import Annotated

from pydantic import AfterValidator

from shared.outside_metrics import check
from shared.settings import ConsumerSettings, NonEmpty, TableName


class AnalyticsSettings(ConsumerSettings):
    """Settings of the analytics function."""

    table_audit: Annotated[NonEmpty, TableName("audit")]
    table_dead_letters: Annotated[NonEmpty, TableName("dead_letters")]
    outside_metrics: Annotated[str, AfterValidator(check)] = ""
