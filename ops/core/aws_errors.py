"""What AWS refuses, in a sentence that says what to do about it."""

import re

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

_ACTION = re.compile(r"not authorized to perform: ([A-Za-z0-9\-]+:[A-Za-z0-9]+)")
_RESOURCE = re.compile(r"on resource: (\S+)")
_TABLE = re.compile(
    r"arn:[^:]+:dynamodb:[^:]*:[0-9]*:table/(?P<table>[A-Za-z0-9_.-]+)(/index/(?P<index>[A-Za-z0-9_.-]+))?"
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
_UNKNOWN = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_SIGN_IN = "sign in again (`aws sso login`, or fresh keys in the environment)"
_BY_CLASS: tuple[tuple[type[BotoCoreError], str], ...] = (
    (
        aws.NoCredentialsError,
        "there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (aws.PartialCredentialsError, "the AWS credentials are incomplete"),
    (aws.NoRegionError, "there is no AWS region: set AWS_DEFAULT_REGION"),
    (aws.InvalidRegionError, "AWS_DEFAULT_REGION is no region"),
    (aws.ProfileNotFound, "AWS_PROFILE names no profile of this machine"),
    (aws.ConfigParseError, "the AWS configuration cannot be read"),
    (aws.SSOError, f"the AWS session is over: {_SIGN_IN}"),
    (aws.TokenRetrievalError, f"the AWS session is over: {_SIGN_IN}"),
    (aws.CredentialRetrievalError, f"AWS credentials could not be had: {_SIGN_IN}"),
    (aws.ProxyConnectionError, "the proxy of HTTPS_PROXY does not answer"),
    (aws.SSLError, "the connection to AWS is not trusted: AWS_CA_BUNDLE names other authorities"),
    (aws.EndpointConnectionError, "AWS cannot be reached"),
    (aws.HTTPClientError, "AWS cannot be reached"),
)


def explained(error: BaseException) -> str | None:
    """What AWS said somewhere behind an error, and what to do; None if it said nothing of the kind.

    One line, whatever AWS wrote.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ClientError):
            return " ".join(_refused(cause).split())
        if isinstance(cause, BotoCoreError):
            return " ".join(_failed(cause).split())
        cause = cause.__cause__
    return None


def _refused(error: ClientError) -> str:
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    if code in _DENIED:
        return _denied(error, code, message)
    if code in _EXPIRED:
        return f"the AWS credentials have expired ({code}): {_SIGN_IN}"
    if code in _UNKNOWN:
        return f"AWS does not know these credentials ({code}): {_SIGN_IN}"
    said = f"{code}: {message}" if message else code
    return f"AWS refused {error.operation_name} ({said})"


def _denied(error: ClientError, code: str, message: str) -> str:
    action, resource = _ACTION.search(message), _RESOURCE.search(message)
    missing = action[1] if action else error.operation_name
    place = f" on {_named(resource[1])}" if resource else ""
    return (
        f"not allowed: {missing}{place} ({code}): allow it for your AWS role, or use the credentials "
        "of a role that may"
    )


def _named(arn: str) -> str:
    """A table or an index in words, anything else as it is."""
    found = _TABLE.fullmatch(arn)
    if found is None:
        return arn
    table = f"table {found['table']}"
    return f"index {found['index']} of {table}" if found["index"] else table


def _failed(error: BotoCoreError) -> str:
    for kind, meaning in _BY_CLASS:
        if isinstance(error, kind):
            return f"{meaning} ({error})"
    return f"AWS: {error}"
