"""Signatures: the same as botocore's, for whatever is signed."""

from datetime import UTC, datetime, timedelta

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.aws.credentials import Credentials
from shared.adapters.aws.signature import Signer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
moments = st.integers(0, 10 * 365 * 86_400).map(lambda second: NOON + timedelta(seconds=second))


def signer(host: str = "dynamodb.eu-central-1.amazonaws.com", service: str = "dynamodb") -> Signer:
    return Signer(
        service=service,
        region="eu-central-1",
        host=host,
        content_type="application/x-amz-json-1.0",
    )


def by_botocore(headers: dict[str, str], body: bytes, by: Credentials, service: str) -> str:
    """What botocore would sign the same request with, at the moment that its header names."""
    moment = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    given_headers = {
        name: value
        for name, value in headers.items()
        if name not in {"authorization", "x-amz-date", "x-amz-security-token"}
    }
    request = AWSRequest("POST", f"https://{headers['host']}/", data=body, headers=given_headers)
    keys = BotocoreCredentials(by.access_key, by.secret_key, by.session_token or None)
    auth = botocore.auth.SigV4Auth(keys, service, "eu-central-1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda **_: moment)
        auth.add_auth(request)
    return str(request.headers["Authorization"])


@given(
    body=st.binary(max_size=300),
    access=printable,
    secret=printable,
    token=printable | st.just(""),
    moment=moments,
    service=st.sampled_from(["dynamodb", "ssm"]),
    host=st.sampled_from(["dynamodb.eu-central-1.amazonaws.com", "127.0.0.1:4566"]),
    target=st.sampled_from(["DynamoDB_20120810.GetItem", "AmazonSSM.GetParameters"]),
)
@settings(max_examples=1000, deadline=None)
def test_any_request_is_signed_as_botocore_signs_it(
    body, access, secret, token, moment, service, host, target
):
    keys = Credentials(access, secret, token)

    headers = signer(host, service).headers(target, body, by=keys, now=moment)

    assert headers["authorization"] == by_botocore(headers, body, keys, service)


def test_the_key_of_a_day_is_not_used_on_the_next_nor_for_other_credentials():
    one, other = Credentials("A", "secret-one", ""), Credentials("A", "secret-two", "")
    same = signer()

    for by, moment in ((one, NOON), (one, NOON + timedelta(days=1)), (other, NOON), (one, NOON)):
        headers = same.headers("X.Y", b"{}", by=by, now=moment)

        assert headers == signer().headers("X.Y", b"{}", by=by, now=moment)
        assert headers["authorization"] == by_botocore(headers, b"{}", by, "dynamodb")


def test_the_session_token_is_signed_and_the_secret_is_nowhere():
    keys = Credentials("AKIA", "the-secret", "the-token")

    headers = signer().headers("X.Y", b"{}", by=keys, now=NOON)

    assert headers["x-amz-security-token"] == "the-token"
    assert "x-amz-security-token" in headers["authorization"]
    assert "the-secret" not in str(headers) + repr(keys)
    assert "the-token" not in repr(keys)
