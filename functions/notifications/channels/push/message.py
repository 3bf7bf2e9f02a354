"""What a device is shown, spelled for each platform, and the ARN by which SNS knows a device."""

import re
from collections.abc import Mapping
from typing import Any

from shared.kernel import strict_json
from shared.kernel.errors import InvalidInputError

MOST_TITLE = 100
MOST_BODY = 1000
# What Apple and Google take at most, in bytes and with everything around the words.
MOST_BYTES = 4096

ARN_RULE = (
    "must be an endpoint of SNS, such as "
    "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/shop/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
)
_ARN = re.compile(
    r"arn:aws[a-z-]*:sns:[a-z]{2}(?:-[a-z]+)+-[0-9]:[0-9]{12}:endpoint/[A-Z_]{2,20}/"
    r"[A-Za-z0-9_.-]{1,256}/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


def endpoint_arn(value: str) -> str:
    """The value itself if it is the ARN of a platform endpoint, and of nothing else.

    Raises:
        InvalidInputError: it is not; a topic's ARN would tell all its subscribers.
    """
    if _ARN.fullmatch(value) is None:
        raise InvalidInputError("endpoint", ARN_RULE)
    return value


def message_of(title: str, body: str, data: Mapping[str, Any] | None) -> str:
    """The message for ``MessageStructure: json``: one form per platform, and one for all others.

    Raises:
        InvalidInputError: longer than a device takes.
    """
    for name, words, most in (("title", title, MOST_TITLE), ("body", body, MOST_BODY)):
        if len(words) > most:
            raise InvalidInputError(f"payload.{name}", f"must be at most {most} characters")
    google = _form({"notification": {"title": title, "body": body}, "data": _as_text(data)})
    # Beside `aps`, under a name of its own: no key of the data can pose as one of Apple's.
    apple = _form({"aps": {"alert": {"title": title, "body": body}}, "data": dict(data or {})})
    forms = {"default": body, "GCM": google, "APNS": apple, "APNS_SANDBOX": apple}
    return strict_json.dumps(forms)


def _as_text(data: Mapping[str, Any] | None) -> dict[str, str]:
    # Google's data is text to text; whatever is more goes as JSON.
    return {
        name: value if isinstance(value, str) else strict_json.dumps(value)
        for name, value in (data or {}).items()
    }


def _form(values: Mapping[str, Any]) -> str:
    form = strict_json.dumps({name: value for name, value in values.items() if value != {}})
    if len(form.encode()) > MOST_BYTES:
        raise InvalidInputError("payload.data", f"must leave the message below {MOST_BYTES} bytes")
    return form
