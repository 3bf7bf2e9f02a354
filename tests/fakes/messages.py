"""Telephones in memory: texts and pushes, with the ways a real service fails."""

from functions.notifications.channels.push.push import Push
from functions.notifications.channels.sms.sms import Sms
from shared.kernel.errors import (
    DeliveryUnknownError,
    DependencyError,
    EndpointGoneError,
    MessageRefusedError,
    OptedOutError,
    ServiceNotReadyError,
)


def _before(mode: str) -> None:
    if mode == "throttled":
        raise DependencyError("too many requests")
    if mode == "refused":
        raise MessageRefusedError("invalid parameter")
    if mode == "opted_out":
        raise OptedOutError("opted out")
    if mode == "not_ready":
        raise ServiceNotReadyError("the account is in the sandbox")
    if mode == "gone":
        raise EndpointGoneError("endpoint disabled")
    if mode == "timeout":
        raise DeliveryUnknownError("no answer")


def _after(mode: str) -> None:
    if mode == "lost_reply":
        raise DeliveryUnknownError("no answer")


class InMemorySmsSender:
    """The ``SmsSender`` port over a list; ``mode`` as in the fake mailer, and ``opted_out``."""

    def __init__(self) -> None:
        self.sent: list[Sms] = []
        self.mode = "ok"

    def send(self, sms: Sms) -> str:
        _before(self.mode)
        self.sent.append(sms)
        _after(self.mode)
        return f"text-{len(self.sent)}"


class InMemoryPushSender:
    """The ``PushSender`` port over a list.

    ``mode`` as in the fake mailer, and ``gone`` (the device is switched off); ``modes`` has the
    endpoints that behave differently.
    """

    def __init__(self) -> None:
        self.sent: list[Push] = []
        self.mode = "ok"
        self.modes: dict[str, str] = {}

    def send(self, push: Push) -> str:
        mode = self.modes.get(push.endpoint, self.mode)
        _before(mode)
        self.sent.append(push)
        _after(mode)
        return f"push-{len(self.sent)}"
