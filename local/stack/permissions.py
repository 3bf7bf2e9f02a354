"""Repairs of the emulator's permission checks, so that narrow roles work on it as they do on AWS.

The emulator judges every request by the policies of the role that signed it. For two operations it
asks about the wrong thing, which only a policy that allows everything answers with yes:

* ``ssm:GetParameters`` names several parameters; it asks about ``*``. Here the first one stands for
  all: that a role may read each of its own is checked on the template.
* ``ses:SendEmail`` is asked about ``*`` too, and without the sender that policies depend on.
"""

import importlib
import json
from collections.abc import Callable
from email.utils import parseaddr
from typing import Any

from local.stack.environment import ACCOUNT, REGION

_GET_PARAMETERS = "AmazonSSM.GetParameters"
_SEND_PATH = "/v2/email/outbound-emails"

Check = Callable[..., Any]


def repair() -> None:
    """Repair the emulator in this process."""
    actions = vars(importlib.import_module("ministack.core.iam_actions"))
    actions["extract_resource_arn"] = naming_parameters(actions["extract_resource_arn"])
    application = vars(importlib.import_module("ministack.app"))
    application["_enforce_ses_v2"] = naming_sender(
        application["_enforce_ses_v2"], application["_enforce_data_plane"]
    )


def naming_parameters(resource_of: Callable[..., str]) -> Callable[..., str]:
    """What a request is about: the emulator's own answer, except for `GetParameters`."""

    def resource(*request: Any) -> str:
        service, _method, _path, headers, body, _query, region, account = request
        if service == "ssm" and headers.get("x-amz-target") == _GET_PARAMETERS:
            name = str(json.loads(body)["Names"][0]).lstrip("/")
            return f"arn:aws:ssm:{region}:{account}:parameter/{name}"
        return resource_of(*request)

    return resource


def naming_sender(enforce_ses: Check, enforce: Check) -> Check:
    """Whether a mail request is allowed: the emulator's own check, except for `SendEmail`."""

    def check(
        method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str
    ) -> Any:
        if (method, path) != ("POST", _SEND_PATH):
            return enforce_ses(method, path, headers, body, query, request_id)
        mail = json.loads(body)
        sender = parseaddr(mail["FromEmailAddress"])[1]
        for resource in _resources(mail, sender):
            denied = enforce(
                *("sesv2", "ses:SendEmail", headers, query, request_id),
                resource_arn=resource,
                service_context={"ses:FromAddress": sender},
                named_resource=resource,
            )
            if denied:
                return denied
        return None

    return check


def _resources(mail: dict[str, Any], sender: str) -> list[str]:
    """The sender's domain, and the configuration set if one is named: both must be allowed."""
    names = [f"identity/{sender.rpartition('@')[2]}"]
    if "ConfigurationSetName" in mail:
        names.append(f"configuration-set/{mail['ConfigurationSetName']}")
    return [f"arn:aws:ses:{REGION}:{ACCOUNT}:{name}" for name in names]
