"""The rights to look, judged by an emulator that asks for each request whether a policy allows it."""

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from local.stack import environment
from ops.core.aws_errors import explained

READS = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]
KEY = {"id": {"S": "one"}}


@pytest.fixture
def viewer(services) -> Iterator[Any]:
    """A client of a user who may only read, and of one table that is there."""
    iam, tables = services.client("iam"), services.client("dynamodb")
    tables.create_table(
        TableName="looked-at",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    tables.put_item(TableName="looked-at", Item=KEY)
    arn = f"arn:aws:dynamodb:{environment.REGION}:{environment.ACCOUNT}:table/looked-at"
    statement = {"Effect": "Allow", "Action": READS, "Resource": arn}
    iam.create_user(UserName="look")
    iam.put_user_policy(
        UserName="look",
        PolicyName="look",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    key = iam.create_access_key(UserName="look")["AccessKey"]
    client = botocore.session.Session().create_client(
        "dynamodb",
        region_name=environment.REGION,
        endpoint_url=services.aws_url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    yield client
    client.close()


def test_who_only_looks_reads_and_is_told_which_right_a_change_lacks(viewer):
    assert viewer.get_item(TableName="looked-at", Key=KEY)["Item"] == KEY
    assert viewer.scan(TableName="looked-at")["Count"] == 1

    with pytest.raises(ClientError) as refused:
        viewer.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": "looked-at",
                        "Key": KEY,
                        "UpdateExpression": "SET a = :a",
                        "ExpressionAttributeValues": {":a": {"S": "b"}},
                    }
                }
            ]
        )

    # AWS names the table, too; this emulator does so for no transaction.
    said = explained(refused.value) or ""
    assert said.startswith("not allowed: dynamodb:UpdateItem")
