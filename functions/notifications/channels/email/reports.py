"""Reading what SES says about mail: which addresses must not be mailed again, and in which report.

The shapes are those of SES's event publishing (``eventType``) and of its older notifications
(``notificationType``); both are JSON in the message of SNS. Not everything that arrives there is a
report: SES tries a new destination out with a plain sentence.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Literal

from functions.notifications.domain import digest_of
from shared.kernel import strict_json
from shared.kernel.errors import PermanentError

Reason = Literal["bounce", "complaint"]
# As much as SNS carries.
_MAX_BYTES = 262_144
_MAX_ADDRESS = 320
# Where each kind keeps its detail and its recipients.
_KINDS: Mapping[str, tuple[Reason, str]] = {
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
}
# SES accepted the mail and then did not send it: our ledger says sent, and it will not arrive.
_NOT_SENT = frozenset({"Reject", "Rendering Failure"})
# A reader says that a mail is no spam: the opposite of a complaint.
_PRAISE = "not-spam"


@dataclass(frozen=True, slots=True)
class Finding:
    """An address that must not be mailed again.

    Args:
        report_id: the same for the same report, however often it arrives.
    """

    address: str
    reason: Reason
    report_id: str

    @property
    def digest(self) -> str:
        """The address without naming it."""
        return digest_of(self.address)


@dataclass(frozen=True, slots=True)
class Remark:
    """A report that suppresses no address, and why; names no person.

    Args:
        attention: whether a reader of the log should look twice.
    """

    why: str
    attention: bool = False


def read(message: object) -> Iterator[Finding | Remark]:
    """What a message says of addresses. One that is no report is a remark, never an error."""
    values = _object(message)
    if values is not None and isinstance(values.get("Message"), str):
        # A notification of SNS inside another: a topic behind a topic, or a replay by hand.
        message = values["Message"]
        values = _object(message)
    if values is None:
        # What begins like a report and is none that we can read could be an address we go on mailing.
        torn = isinstance(message, str) and message.lstrip().startswith("{")
        yield Remark("no report: not JSON", attention=torn)
        return
    kind = values.get("eventType") or values.get("notificationType")
    if isinstance(kind, str) and kind in _KINDS:
        yield from _found(kind, values, str(message))
    elif isinstance(kind, str) and kind in _NOT_SENT:
        yield Remark(f"SES took a mail and did not send it: {kind}", attention=True)
    else:
        yield Remark("a report of another kind")


def _found(kind: str, values: Mapping[str, Any], message: str) -> Iterator[Finding | Remark]:
    reason, recipients = _KINDS[kind]
    detail = values.get(kind.lower())
    entries = detail.get(recipients) if isinstance(detail, dict) else None
    if not isinstance(detail, dict) or not isinstance(entries, list):
        yield Remark(f"a {reason} without its recipients", attention=True)
        return
    if kind == "Bounce" and detail.get("bounceType") != "Permanent":
        # SES goes on trying, or cannot tell: no reason to give up on an address.
        yield Remark("a bounce that may pass")
        return
    if kind == "Complaint" and detail.get("complaintFeedbackType") == _PRAISE:
        yield Remark("a complaint that is none")
        return
    report_id = _id(values, detail, message)
    for entry in entries:
        address = bare_address(entry.get("emailAddress") if isinstance(entry, dict) else None)
        if address is None:
            yield Remark(f"a {reason} without an address that can be mailed", attention=True)
        else:
            yield Finding(address, reason, report_id)


def bare_address(value: object) -> str | None:
    """The address alone, whatever name stands before it; None if there is none.

    SES repeats a recipient as the other side spelled it, such as ``"Jane" <jane@example.com>``.
    """
    if not isinstance(value, str):
        return None
    # From the last bracket on: a name that should be quoted is not always, as in
    # `Doe, Jane <jane@example.com>`.
    address = parseaddr(value[max(value.rfind("<"), 0) :])[1]
    local, at, domain = address.rpartition("@")
    usable = local and at and domain and address.isprintable() and " " not in address
    return address if usable and len(address) <= _MAX_ADDRESS else None


def _object(message: object) -> Mapping[str, Any] | None:
    if not isinstance(message, str):
        return None
    try:
        values = strict_json.loads(message.encode("utf-8", "replace"), max_bytes=_MAX_BYTES)
    except PermanentError:
        return None
    return values if isinstance(values, dict) else None


def _id(values: Mapping[str, Any], detail: Mapping[str, Any], message: str) -> str:
    """What tells this report from every other: SES's own id of it, else what it is about and when."""
    feedback_id = detail.get("feedbackId")
    if isinstance(feedback_id, str) and feedback_id and feedback_id.isprintable():
        return feedback_id
    mail = values.get("mail")
    message_id = mail.get("messageId") if isinstance(mail, dict) else None
    named = f"{message_id} {detail.get('timestamp')}"
    if message_id and detail.get("timestamp") and named.isprintable():
        return named
    return hashlib.sha256(message.encode("utf-8", "replace")).hexdigest()
