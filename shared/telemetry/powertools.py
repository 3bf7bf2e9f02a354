"""Logs and metrics through Powertools, with an allow-list: no customer data ever leaves here (S18)."""

import traceback

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from shared.telemetry.log_lines import FIELDS, LineFormatter
from shared.telemetry.measurement import Measure
from shared.telemetry.metrics import NAMESPACE, SERVICE

# What a log line may carry. A field that is not named here is dropped, so that nobody can log an
# address by accident. userId and paymentId are the shop's own references, wanted in the log by
# the contract; names, addresses and mail never appear.
ALLOWED_FIELDS = frozenset(
    {
        "attempt",
        "cause",
        "code",
        "correlation_id",
        "count",
        "error_type",
        "event_id",
        "event_type",
        "message_id",
        "order_id",
        "outcome",
        "payment_id",
        "published_event_id",
        "reason",
        "retry",
        "sku",
        "stack",
        "status",
        "template",
        "topic",
        "trace_id",
        "user_id",
    }
)


def where(error: BaseException) -> str:
    """The frames of an exception as ``file:line function``, innermost last, no values."""
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno} {f.name}" for f in frames[-8:])


class PowertoolsTelemetry:
    """Telemetry as JSON lines and CloudWatch EMF on standard output."""

    def __init__(self, *, service: str, stage: str, level: str) -> None:
        self._logger: Logger = Logger(
            service=service,
            level=level,
            logger_formatter=LineFormatter(),
            log_uncaught_exceptions=False,
        )
        self._logger.append_keys(stage=stage)
        # One namespace per stage: two stages in one account must not ring each other's alarms.
        self._namespace = f"{NAMESPACE}/{stage}"
        self._metrics = Metrics(namespace=self._namespace, service=service)
        self._service = service
        self._counted = False
        self._bound: list[str] = []

    def bind(self, **fields: str | int) -> None:
        """Fields for every following line; replaces what was bound before."""
        self._logger.remove_keys(self._bound)
        kept = _allowed(fields)
        self._bound = list(kept)
        self._logger.append_keys(**kept)

    def info(self, message: str, **fields: str | int | bool) -> None:
        """A line at INFO."""
        self._logger.info(message, extra={FIELDS: _allowed(fields)}, stacklevel=3)

    def warning(self, message: str, **fields: str | int | bool) -> None:
        """A line at WARNING."""
        self._logger.warning(message, extra={FIELDS: _allowed(fields)}, stacklevel=3)

    def failure(self, message: str, error: BaseException, **fields: str | int | bool) -> None:
        """A line at ERROR: the exception's class and place, never its text."""
        place = {"error_type": type(error).__name__, "stack": where(error)}
        self._logger.error(message, extra={FIELDS: {**_allowed(fields), **place}}, stacklevel=3)

    def count(self, metric: str, value: int = 1) -> None:
        """Add to a counter."""
        self._metrics.add_metric(name=metric, unit=MetricUnit.Count, value=value)
        self._counted = True

    def measure(self, measure: Measure) -> None:
        """One business metric as an EMF line of its own, because its dimensions are its own."""
        with single_metric(
            name=measure.name,
            unit=MetricUnit(measure.unit),
            value=float(measure.value),
            namespace=self._namespace,
        ) as metric:
            metric.add_dimension(name=SERVICE, value=self._service)
            for name, value in sorted(measure.dimensions.items()):
                metric.add_dimension(name=name, value=value)
            for name, note in measure.notes.items():
                metric.add_metadata(key=name, value=note)

    def flush(self) -> None:
        """Write the metrics, if any."""
        if self._counted:
            self._metrics.flush_metrics()
            self._counted = False


def _allowed(fields: dict[str, str | int] | dict[str, str | int | bool]) -> dict[str, str | int]:
    return {name: value for name, value in fields.items() if name in ALLOWED_FIELDS}
