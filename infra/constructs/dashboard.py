"""What an operator looks at, in the order of the questions that an operator asks."""

from collections.abc import Iterable, Iterator, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.graphs import COLUMNS, PERCENTILES, Graphs, Plot, graph
from infra.settings import StageSettings
from shared.contracts.channels import CHANNELS
from shared.telemetry import metrics
from shared.telemetry.metrics import Metric

_ALARMS_HEIGHT = 5


class Dashboard(Construct):
    """The dashboard of one stage.

    Args:
        api_id: the public API.
        alarms: every alarm there is; their state comes first.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageSettings,
        api_id: str,
        alarms: Iterable[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        self._currency, self._graphs = stage.currency, Graphs(stage, api_id)
        self._board = cloudwatch.Dashboard(
            self,
            "Board",
            dashboard_name=f"order-pipeline-{stage.stage}",
            default_interval=Duration.hours(12),
        )
        self._money(list(alarms))
        self._speed()
        self._stuck()
        self._failing()
        self._repeated()
        self._shop()

    # ------------------------------------------------------------------ the questions
    def _money(self, alarms: list[cloudwatch.IAlarm]) -> None:
        self._ask(
            "Is the shop or a customer losing money right now?", "Alarms first, then what comes in."
        )
        self._board.add_widgets(
            cloudwatch.AlarmStatusWidget(
                title="Alarms",
                alarms=alarms,
                width=COLUMNS,
                height=_ALARMS_HEIGHT,
                sort_by=cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
            )
        )
        own = self._graphs.own
        self._row(
            Plot(
                "Checkouts and the orders they became",
                own(metrics.CHECKOUTS_ACCEPTED, metrics.ORDERS_CREATED),
            ),
            Plot("Revenue", own(metrics.REVENUE), unit=self._currency),
            Plot("Paid, and rejected", own(metrics.ORDERS_REJECTED), stacked=True),
        )
        self._row(
            Plot(
                "Cancelled, by whom; cancellations and corrections promised by the API",
                [
                    *own(metrics.ORDERS_CANCELLED),
                    *own(metrics.CANCELLATIONS_ACCEPTED, metrics.CORRECTIONS_ACCEPTED),
                ],
            ),
            Plot("Refunds asked for", own(metrics.REFUNDS_REQUESTED), stacked=True),
            Plot(
                "Checkouts that the API turned away",
                own(metrics.CHECKOUTS_REFUSED, metrics.CHECKOUTS_FAILED),
            ),
        )

    def _speed(self) -> None:
        self._ask(
            "How fast are we?",
            "From the API's acceptance; half, 95 and 99 of a hundred were faster than the lines.",
        )
        milliseconds = "ms"
        self._row(
            Plot(
                "Checkout to order",
                self._graphs.percentiles(metrics.CHECKOUT_TO_CONFIRMATION),
                milliseconds,
            ),
            Plot(
                "Checkout to mail", self._graphs.percentiles(metrics.CHECKOUT_TO_MAIL), milliseconds
            ),
            Plot(
                "API: time to answer",
                [self._graphs.api("Latency", found, found) for found in PERCENTILES],
                milliseconds,
            ),
            Plot(
                "API: answers",
                [
                    self._graphs.api("Count", "Sum", "all"),
                    self._graphs.api("4xx", "Sum", "4xx, the caller's fault"),
                    self._graphs.api("5xx", "Sum", "5xx, ours"),
                ],
            ),
        )

    def _stuck(self) -> None:
        self._ask(
            "What is stuck?",
            "Every minute the reconciler continues unfinished work and sends blocked dead letters "
            "again; refused dead letters and unknown mails wait for an operator: "
            "`python -m ops dead-letters list`, `python -m ops mail list`.",
        )
        own = self._graphs.own
        self._row(
            Plot("Owed for", own(metrics.OLDEST_PENDING_SECONDS, statistic="Maximum"), "seconds"),
            Plot(
                "Dead letters, and those of them that wait for an operator",
                own(metrics.DEAD_LETTERS, metrics.DEAD_LETTERS_REFUSED),
            ),
            Plot(
                "Waiting at QStash for a place",
                own(metrics.MESSAGES_WAITING, statistic="Maximum"),
                stacked=True,
            ),
        )
        self._row(
            Plot(
                "Sent or not: unknown",
                own(*_of_channels("unknown")),
                stacked=True,
            ),
            Plot(
                "Carried on, or given up",
                own(
                    metrics.CHECKOUTS_UNPUBLISHED,
                    metrics.OUTBOXES_REPUBLISHED,
                    metrics.COMMANDS_REPUBLISHED,
                    metrics.DEAD_LETTERS_REDELIVERED,
                    metrics.DEAD_LETTERS_PERSISTING,
                    metrics.RECONCILE_FAILURES,
                    metrics.CHECKOUTS_STUCK,
                    metrics.LAPSES_PUBLISHED,
                ),
            ),
        )

    def _failing(self) -> None:
        self._ask(
            "What is failing?",
            "Functions as Lambda sees them, then what they say of themselves.",
        )
        self._row(
            Plot("Errors", self._graphs.functions("Errors", "Sum"), stacked=True),
            Plot("Throttles", self._graphs.functions("Throttles", "Sum"), stacked=True),
            Plot("Longest run", self._graphs.functions("Duration", "Maximum"), "ms"),
            Plot("Runs", self._graphs.functions("Invocations", "Sum"), stacked=True),
        )
        own = self._graphs.own
        self._row(
            Plot("Bugs, answered with 500", own(metrics.UNEXPECTED_FAILURES), stacked=True),
            Plot("DynamoDB did not answer", own(metrics.DEPENDENCY_ERRORS), stacked=True),
            Plot("QStash did not take it", own(metrics.PUBLISH_ERRORS), stacked=True),
            Plot("Redis did not answer", own(metrics.REDIS_UNAVAILABLE), stacked=True),
        )
        self._row(
            Plot("Refused for good", own(metrics.PERMANENT_FAILURES), stacked=True),
            Plot("No valid signature", own(metrics.SIGNATURE_REFUSED), stacked=True),
            Plot("Misconfigured", own(metrics.FAILURES), stacked=True),
        )

    def _repeated(self) -> None:
        self._ask(
            "What does doing it twice cost us?",
            "Every delivery is paid for, also those that find their work done.",
        )
        own = self._graphs.own
        self._row(
            Plot("Deliveries with an effect", own(metrics.EVENTS_HANDLED), stacked=True),
            Plot("Duplicates skipped", own(metrics.DUPLICATES_SKIPPED), stacked=True),
            Plot("Asked to come again", own(metrics.TRANSIENT_FAILURES), stacked=True),
        )

    def _shop(self) -> None:
        self._ask("And the shop?", "Stock, messages, and unusual events.")
        own = self._graphs.own
        self._row(
            Plot(
                "Reservations",
                own(metrics.HOLDS_PLACED, metrics.HOLDS_REFUSED, metrics.HOLDS_RELEASED),
            ),
            Plot("Steps in the life of orders", own(metrics.ORDERS_MOVED), stacked=True),
            *self._sent(),
        )
        self._row(
            Plot("Stock that ran low", own(metrics.LOW_STOCK_ALERTS)),
            Plot(
                "Steps that came late or twice, and tracking that was corrected",
                own(
                    metrics.MOVES_IGNORED, metrics.TRACKING_CORRECTIONS, metrics.CONTACT_CORRECTIONS
                ),
                stacked=True,
            ),
            Plot(
                "Not told",
                own(*_of_channels("suppressed", "failed"), metrics.RECIPIENT_CAPPED),
                stacked=True,
            ),
            Plot(
                "Odd",
                own(metrics.MAIL_SUPPRESSIONS, metrics.UNDECLARED_METRICS, metrics.CLOCK_SKEWS),
            ),
        )

    def _sent(self) -> Iterator[Plot]:
        """A graph for each channel whose messages are told apart, and one for all others."""
        own, plain = self._graphs.own, [channel for channel in CHANNELS if not channel.by]
        for channel in CHANNELS:
            if channel.by:
                sent = own(metrics.SENDS[channel]["sent"])
                yield Plot(f"{_enumerated([channel.many])} sent", sent, stacked=True)
        names = _enumerated([channel.many for channel in plain])
        yield Plot(f"{names} sent", own(*(metrics.SENDS[channel]["sent"] for channel in plain)))

    # ------------------------------------------------------------------ the grid
    def _ask(self, question: str, remark: str) -> None:
        text = f"## {question}\n{remark}"
        self._board.add_widgets(cloudwatch.TextWidget(markdown=text, width=COLUMNS, height=2))

    def _row(self, *plots: Plot) -> None:
        """Graphs of one width, side by side over the whole grid."""
        self._board.add_widgets(*(graph(plot, COLUMNS // len(plots)) for plot in plots))


def _of_channels(*outcomes: str) -> Iterator[Metric]:
    """The metrics of these outcomes of sends, channel by channel; not every channel counts each."""
    for sends in metrics.SENDS.values():
        yield from (sends[outcome] for outcome in outcomes if outcome in sends)


def _enumerated(names: Sequence[str]) -> str:
    """`texts`, `pushes` as `Texts and pushes`."""
    text = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return text[:1].upper() + text[1:]
