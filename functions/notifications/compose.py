"""What the use cases work with: services and stores behind the ports."""

from dataclasses import dataclass

from functions.notifications.channels.email.mail import Sender
from functions.notifications.channels.email.ports import Mailer
from functions.notifications.channels.email.rendering import JinjaRenderer
from functions.notifications.channels.email.ses import SESMailer
from functions.notifications.channels.push.devices import DeviceTables
from functions.notifications.channels.push.ports import PushSender
from functions.notifications.channels.push.sns import SNSPushSender
from functions.notifications.channels.sms.ports import SmsSender
from functions.notifications.channels.sms.sns import SNSSmsSender
from functions.notifications.domain import Channel
from functions.notifications.send_ledger import SendLedgerTables
from functions.notifications.send_once import SendOnce
from functions.notifications.settings import NotificationsSettings
from shared.messaging.compose import Ports
from shared.runtime import clients


@dataclass(frozen=True, slots=True)
class Senders:
    """What carries a message out of the house, by channel."""

    mail: Mailer
    sms: SmsSender
    push: PushSender

    @classmethod
    def of(cls, settings: NotificationsSettings) -> "Senders":
        """SES and SNS."""
        sender = Sender(settings.sender_address, settings.shop_name, settings.ses_configuration_set)
        return cls(
            SESMailer(clients.mail(), sender),
            SNSSmsSender(clients.messages, settings.sms_sender_id),
            SNSPushSender(clients.messages),
        )


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The stores and rules around the senders."""

    ledger: SendLedgerTables
    send_once: SendOnce
    devices: DeviceTables
    renderer: JinjaRenderer

    @classmethod
    def of(cls, settings: NotificationsSettings, ports: Ports) -> "Dependencies":
        """Over the given ports, with the caps of the settings."""
        caps = {Channel.EMAIL: settings.mails_per_hour, Channel.SMS: settings.sms_per_hour}
        ledger = SendLedgerTables(ports.tables, ports.clock, caps=caps)
        return cls(
            ledger=ledger,
            send_once=SendOnce(ledger, ports.clock, ports.telemetry),
            devices=DeviceTables(ports.tables, ports.clock),
            renderer=JinjaRenderer(shop_name=settings.shop_name, currency=settings.currency),
        )
