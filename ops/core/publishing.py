"""A publisher that is opened when it is needed: a command that only reads needs no secret."""

from collections.abc import Callable, Sequence

from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher


class PublisherOnDemand:
    """Opens the stage's publisher, with its addresses and its token, at the first use.

    Args:
        make: opens it.
    """

    def __init__(self, make: Callable[[], Publisher]) -> None:
        self._make, self._made = make, None

    _made: Publisher | None

    def open(self) -> Publisher:
        """The stage's publisher, opened once.

        Raises:
            ConfigurationError: the stage lacks parameters, or this operator may not read them; names
                them.
            DependencyError: AWS did not answer.
        """
        if self._made is None:
            self._made = self._make()
        return self._made

    def publish(self, messages: Sequence[Outbound]) -> None:
        """As the stage's publisher does.

        Raises:
            PublishError: at least one was not accepted; repeating all is harmless.
            ConfigurationError, DependencyError: as ``open``.
        """
        self.open().publish(messages)


def be_ready(publisher: Publisher) -> None:
    """Open it now, so that what is missing is told before anything is changed.

    Raises:
        ConfigurationError, DependencyError: as ``PublisherOnDemand.open``.
    """
    if isinstance(publisher, PublisherOnDemand):
        publisher.open()
