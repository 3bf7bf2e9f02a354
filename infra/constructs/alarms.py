"""What alarms an operator, and how the operator hears of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.tables import pascal
from infra.functions import FunctionSpec
from shared.telemetry import metrics
from shared.telemetry.metrics import NAMESPACE, Metric

_PERIOD = Duration.minutes(5)
_NEAR_TIMEOUT = 0.8
_MISSED_PERIODS = 3
_TOO_MUCH = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A metric of ``shared.telemetry.metrics``: how much, within how long, is too much.

    Args:
        threshold: this much is too much already.
        statistic: how a period's values make one.
        periods: how many in a row have to be too much.
    """

    metric: Metric
    threshold: int
    meaning: str
    statistic: Literal["SUM", "MAX"] = "SUM"
    minutes: int = 5
    periods: int = 1

    @property
    def name(self) -> str:
        """What CloudWatch knows it by."""
        return self.metric.name


# A failure that the code turns into an answer is no error to Lambda: only these tell of it.
OWN_METRICS: tuple[OwnMetric, ...] = (
    OwnMetric(
        metrics.UNEXPECTED_FAILURES, 1, "a bug: QStash is being answered 500 and tries again"
    ),
    # What the platform was in the way of heals by itself; only if it does not, an operator must look.
    OwnMetric(
        metrics.DEAD_LETTERS_REFUSED, 1, "our code refused an event for good: replay or discard it"
    ),
    OwnMetric(
        metrics.DEAD_LETTERS_PERSISTING,
        1,
        "an event is in vain delivered again for more than an hour: what is in its way?",
    ),
    *(
        OwnMetric(sends["unknown"], 1, f"{channel.one} may or may not have been sent")
        for channel, sends in metrics.SENDS.items()
    ),
    OwnMetric(
        metrics.RECIPIENT_CAPPED, 1, "a recipient was to get too much within an hour: a loop?"
    ),
    OwnMetric(
        metrics.SIGNATURE_REFUSED, 20, "deliveries are refused: forgery, or keys out of step"
    ),
    OwnMetric(metrics.PUBLISH_ERRORS, 10, "QStash does not take our events"),
    OwnMetric(metrics.DEPENDENCY_ERRORS, 10, "DynamoDB or another service does not answer"),
    OwnMetric(metrics.REDIS_UNAVAILABLE, 10, "the fast path is gone: slower, still correct"),
    OwnMetric(
        metrics.CHECKOUTS_UNPUBLISHED, 5, "checkouts were accepted that QStash did not take yet"
    ),
    OwnMetric(metrics.CHECKOUTS_STUCK, 1, "a paid checkout stays undecided: no run tries it again"),
    OwnMetric(
        metrics.OLDEST_PENDING_SECONDS,
        301,
        "something is owed for more than five minutes, and carrying on does not help",
        statistic="MAX",
        minutes=3,
    ),
    # One now and then is a shopper who left. Many are a program that stopped, or a stranger.
    OwnMetric(
        metrics.LAPSES_PUBLISHED,
        20,
        "orders lapse in numbers: does what confirms them still run, or does a stranger order?",
    ),
    OwnMetric(
        metrics.RECONCILE_FAILURES, 1, "carrying on fails run after run, not just once", periods=3
    ),
)


class Alarms(Construct):
    """Alarms that all report to one topic.

    Silence counts as health, for nothing runs without orders, except where the clock starts it.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, topic: sns.ITopic, stage: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._namespace = f"{NAMESPACE}/{stage}"
        self._action = actions.SnsAction(topic)
        self.all: list[cloudwatch.Alarm] = []

    def watch_function(self, spec: FunctionSpec, *, function_name: str) -> None:
        """Errors, throttles, and runs that came near the timeout.

        By the function's name: a reference would lock a function into the pipeline stack for as
        long as this stack watches it.
        """

        def metric(name: str, statistic: str) -> cloudwatch.Metric:
            return _metric("AWS/Lambda", name, statistic, {"FunctionName": function_name})

        self._alarm(
            f"{pascal(spec.name)}Errors",
            metric("Errors", "Sum"),
            threshold=1,
            description=f"{spec.name}: an invocation failed; {_then(spec)}",
        )
        self._alarm(
            f"{pascal(spec.name)}Throttles",
            metric("Throttles", "Sum"),
            threshold=1,
            description=f"{spec.name}: at its reserved concurrency; callers are being put off",
        )
        self._alarm(
            f"{pascal(spec.name)}Duration",
            metric("Duration", "Maximum"),
            threshold=int(spec.timeout_seconds * 1000 * _NEAR_TIMEOUT),
            description=f"{spec.name}: a run came near its timeout of {spec.timeout_seconds} s",
        )
        if spec.every_minutes:
            # Of this one function silence is no health: nothing else notices that it stopped.
            self._alarm(
                f"{pascal(spec.name)}Silence",
                metric("Invocations", "Sum"),
                threshold=0,
                periods=_MISSED_PERIODS,
                description=f"{spec.name}: the clock does not start it any more",
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
                missing=cloudwatch.TreatMissingData.BREACHING,
            )

    def watch_api(self, api_id: str) -> None:
        """Answers of the public API that were our fault."""
        self._alarm(
            "ApiServerErrors",
            _metric("AWS/ApiGateway", "5xx", "Sum", {"ApiId": api_id}),
            threshold=5,
            description="the public API answers with server errors",
        )

    def watch_own_metrics(self, watched: Iterable[OwnMetric] = OWN_METRICS) -> None:
        """One alarm per metric, over all its services and whatever other dimensions it has.

        An alarm on a plain metric matches one exact set of dimensions, so that a dimension added
        in the code would silence it; a query does not care.
        """
        for metric in watched:
            total = cloudwatch.MathExpression(
                expression=f'SELECT {metric.statistic}({metric.name}) FROM "{self._namespace}"',  # noqa: S608 - no database
                label=metric.name,
                using_metrics={},
                period=Duration.minutes(metric.minutes),
            )
            self._alarm(
                metric.name,
                total,
                threshold=metric.threshold,
                periods=metric.periods,
                description=f"{metric.meaning} (metric {metric.name}, dimension service says where)",
            )

    def _alarm(
        self,
        alarm_id: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: int,
        description: str,
        periods: int = 1,
        comparison: cloudwatch.ComparisonOperator = _TOO_MUCH,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            alarm_id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=comparison,
            treat_missing_data=missing,
            alarm_description=description,
        )
        alarm.add_alarm_action(self._action)
        self.all.append(alarm)


def _then(spec: FunctionSpec) -> str:
    """What becomes of what the failed invocation was for."""
    if spec.topic:
        return "QStash will retry it"
    if spec.every_minutes:
        return "the next run finds the same work"
    return "the caller was told so"


def _metric(
    namespace: str, name: str, statistic: str, dimensions: Mapping[str, str]
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions),
        period=_PERIOD,
        statistic=statistic,
    )
