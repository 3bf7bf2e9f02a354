"""A function that the clock starts."""

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

_NO_LATER = Duration.minutes(1)


class Schedule(Construct):
    """Starts a function every so many minutes, on time or not at all.

    Nothing tries a run again: the next one is never more than an interval away, and finds the same
    work. That takes saying twice, to the scheduler and to Lambda, which it calls asynchronously.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        every: Duration,
        function: lambda_.Alias,
    ) -> None:
        super().__init__(scope, construct_id)
        function.configure_async_invoke(retry_attempts=0, max_event_age=_NO_LATER)
        scheduler.Schedule(
            self,
            "Schedule",
            schedule_name=name,
            schedule=scheduler.ScheduleExpression.rate(every),
            time_window=scheduler.TimeWindow.off(),
            target=targets.LambdaInvoke(
                function, role=self._role(), retry_attempts=0, max_event_age=_NO_LATER
            ),
        )

    def _role(self) -> iam.Role:
        """The target adds the one permission it needs. No schedule of another group may borrow it."""
        group = Stack.of(self).format_arn(
            service="scheduler", resource="schedule-group", resource_name="default"
        )
        own = {"aws:SourceAccount": Aws.ACCOUNT_ID, "aws:SourceArn": group}
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": own}
            ),
        )
