"""Which requests change the installation: settings, parameters, tables, not what is in them."""

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qs

# Credential=<key>/<day>/<region>/<service>/aws4_request
_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_READS = ("Get", "List", "Describe", "Head", "BatchGet", "TransactGet", "Query", "Scan", "Search")
# What a shop does all day: its traces are journalled, or are log lines and numbers.
_TRAFFIC = frozenset(
    {
        *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
        *("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"),
        *("Publish", "PublishBatch", "SendEmail", "SendRawEmail", "PutEvents"),
    }
)
_LOSABLE = frozenset({"logs", "monitoring", "sts", "xray"})
_WIPE_PATH = "/_ministack/reset"
_TRAFFIC_PATH = re.compile(r"/2015-03-31/functions/[^/]+/invocations|/v2/email/outbound-")


def changes_installation(scope: MutableMapping[str, Any], start_of_body: bytes) -> bool:
    """Whether what the emulator has to know for later may be another after this request.

    Args:
        start_of_body: the first part of it, where older protocols name the action.
    """
    if scope["path"] == _WIPE_PATH:
        return True
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    signed = _SERVICE.search(headers.get(b"authorization", ""))
    if signed is None or signed[1] in _LOSABLE:
        return False
    if signed[1] == "cloudformation":
        # It works on after it has answered; who deploys asks until it is done.
        return True
    action = headers.get(b"x-amz-target", "").rpartition(".")[2] or _action(start_of_body)
    if action:
        return action not in _TRAFFIC and not action.startswith(_READS)
    return scope["method"] not in {"GET", "HEAD"} and not _TRAFFIC_PATH.match(scope["path"])


def _action(start_of_body: bytes) -> str:
    if not start_of_body.startswith(b"Action=") and b"&Action=" not in start_of_body:
        return ""
    return parse_qs(start_of_body.decode("latin-1")).get("Action", [""])[0]
