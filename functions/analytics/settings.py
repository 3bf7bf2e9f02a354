"""Settings of the analytics function, read from its environment."""

from typing import Annotated

from pydantic import AfterValidator

from shared.kernel.settings import ConsumerSettings, NonEmpty, TableName
from shared.telemetry.declared_metrics import check


class AnalyticsSettings(ConsumerSettings):
    """Settings of the analytics function."""

    table_audit: Annotated[NonEmpty, TableName("audit")]
    table_dead_letters: Annotated[NonEmpty, TableName("dead_letters")]
    outside_metrics: Annotated[str, AfterValidator(check)] = ""
