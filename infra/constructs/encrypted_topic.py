"""SNS topics that AWS services may publish to although they are encrypted."""

from collections.abc import Sequence

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct


def topic_key(
    scope: Construct, construct_id: str, *, publishers: Sequence[str], retain: bool
) -> kms.Key:
    """A key that these services may use: with the AWS-managed one their messages vanish silently."""
    key = kms.Key(
        scope,
        construct_id,
        description="Messages of the order pipeline's SNS topics",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        if retain
        else RemovalPolicy.DESTROY,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(name) for name in publishers],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            # In a key's own policy the star means this key.
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        )
    )
    return key


class EncryptedTopic(Construct):
    """A topic that one service may publish to, for this account only, over TLS only.

    Without a publisher, whatever connects a service to the topic also has to admit it.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, publisher: str | None = None
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        if publisher:
            self._admit(publisher)

    def _admit(self, publisher: str) -> None:
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(publisher)],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
