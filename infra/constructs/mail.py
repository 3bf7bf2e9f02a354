"""Who may send mail, from which address, and where bounces are reported."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.encrypted_topic import EncryptedTopic
from infra.nag import acknowledge


class Mail(Construct):
    """The sender's domain and the configuration set that every mail goes through."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain: str,
        sender_address: str,
        key: kms.IKey,
        retain: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._sender_address = sender_address
        self._configuration_set = ses.ConfigurationSet(
            self,
            "ConfigurationSet",
            tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
            suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
            reputation_metrics=True,
        )
        self._identity = ses.EmailIdentity(
            self,
            "Identity",
            identity=ses.Identity.domain(domain),
            configuration_set=self._configuration_set,
        )
        # Verifying a domain takes its owner's hands and days: never throw that away with a stack.
        if retain:
            self._identity.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        # The event destination below admits SES, and no configuration set but this one.
        self.events = EncryptedTopic(self, "Events", key=key)
        self._configuration_set.add_event_destination(
            "Undelivered",
            destination=ses.EventDestination.sns_topic(self.events.topic),
            events=[ses.EmailSendingEvent.BOUNCE, ses.EmailSendingEvent.COMPLAINT],
        )

    @property
    def configuration_set_name(self) -> str:
        """What the sender names in each request."""
        return self._configuration_set.configuration_set_name

    def export(self) -> None:
        """Offer what functions need of this to other stacks, whether they use it or not."""
        self._identity.stack.export_value(self._identity.email_identity_name)
        self._identity.stack.export_value(self.configuration_set_name)
        self._identity.stack.export_value(self.events.topic.topic_arn)

    def send_statement(self) -> iam.PolicyStatement:
        """Mail as this sender, through this configuration set, and as no other sender."""
        configuration_set = self._identity.stack.format_arn(
            service="ses", resource="configuration-set", resource_name=self.configuration_set_name
        )
        return iam.PolicyStatement(
            actions=["ses:SendEmail"],
            resources=[self._identity.email_identity_arn, configuration_set],
            conditions={"StringEquals": {"ses:FromAddress": self._sender_address}},
        )


class MailFeedback(Construct):
    """SES's reports on their way to the function that remembers whom not to mail again.

    Lives with the function, not with the topic: the data stack knows nothing of what runs.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, topic: sns.ITopic, function: lambda_.Alias
    ) -> None:
        super().__init__(scope, construct_id)
        function.add_permission(
            "MailFeedback",
            principal=iam.ServicePrincipal("sns.amazonaws.com"),
            source_arn=topic.topic_arn,
        )
        subscription = sns.Subscription(
            self,
            "Subscription",
            topic=topic,
            protocol=sns.SubscriptionProtocol.LAMBDA,
            endpoint=function.function_arn,
        )
        acknowledge(
            subscription,
            "CloudFormation-Validate::W3694",
            "an alias is a function too: reports go to `live` like every other call",
        )
