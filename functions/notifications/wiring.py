"""Puts the notifications topic together: every channel's event goes to that channel."""

from functions.notifications.channels.email.compose import beside_feedback
from functions.notifications.channels.registry import OWN_SENDERS, Senders, routes
from functions.notifications.compose import Dependencies
from functions.notifications.settings import NotificationsSettings
from shared.contracts.topics import Topic
from shared.messaging.compose import Ports, consumer
from shared.messaging.consumer import Handler
from shared.runtime.compose import consumer_function


def build(settings: NotificationsSettings, ports: Ports, senders: Senders = OWN_SENDERS) -> Handler:
    """The notifications function over the given ports.

    Args:
        senders: used instead of the channels' own senders, which ask SES and SNS.
    """
    dependencies = Dependencies.of(settings, ports)
    deliveries = consumer(Topic.NOTIFICATIONS, settings, ports, routes(dependencies, senders))
    return beside_feedback(deliveries, dependencies)


make = consumer_function(Topic.NOTIFICATIONS, NotificationsSettings, build)
