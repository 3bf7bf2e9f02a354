"""What the mail commands print. Texts come from tables: they pass ``harmless``."""

from collections.abc import Sequence

from ops.core.terminal import harmless, shortened, table
from ops.mail.domain import DoubtfulMail
from ops.mail.suppression import Lifted
from shared.kernel.errors import PipelineError


def mails(found: Sequence[DoubtfulMail]) -> str:
    """Mail that needs a decision, one line each."""
    rows = [
        (
            mail.event_id,
            mail.updated_at[:19],
            mail.template_id,
            mail.to,
            shortened(mail.subject, 60),
        )
        for mail in found
    ]
    return table(("event id", "since", "template or channel", "to", "subject"), rows)


def lifted(address: str, done: Lifted) -> str:
    """What became of a request to mail an address again."""
    also = "; it was on the list of SES, too" if done.at_provider else ""
    return f"{harmless(address)}  {done.outcome}{also}"


def unpublished(error: PipelineError) -> str:
    """Why the audit trail was not told yet."""
    told = "it is stored; QStash did not take its audit entry yet, the reconciler publishes it"
    return f"{told} ({error})"
