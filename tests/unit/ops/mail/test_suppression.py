"""``python -m ops mail unsuppress``: an address is mailed again, by somebody, for a reason."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from functions.notifications.domain import digest_of
from functions.notifications.send_ledger import suppression_key
from ops.__main__ import main
from ops.core import connection
from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.mail import cli
from ops.mail.suppression import SESList, SuppressionService
from shared.kernel.errors import ContentionError, DependencyError, PublishError
from tests.builders import Context, checkout_command, stock
from tests.pipeline import Pipeline

ADA = "ada@example.com"


@dataclass
class Provider:
    """The service's own list."""

    addresses: set[str] = field(default_factory=lambda: {ADA})
    down: bool = False

    def remove(self, address: str) -> bool:
        if self.down:
            raise DependencyError("SES: timeout; nothing changed")
        listed = address in self.addresses
        self.addresses.discard(address)
        return listed


def report(feedback_id: str) -> dict[str, Any]:
    detail = {
        "feedbackId": feedback_id,
        "bounceType": "Permanent",
        "bouncedRecipients": [{"emailAddress": f"Ada <{ADA}>"}],
    }
    return {
        "Records": [{"Sns": {"Message": json.dumps({"eventType": "Bounce", "bounce": detail})}}]
    }


def bounce(shop: Pipeline, feedback_id: str = "first") -> None:
    shop.redis.flush()
    shop.consumer("notifications")(report(feedback_id), Context())
    shop.drain()


@pytest.fixture
def shop() -> Pipeline:
    shop = Pipeline()
    shop.memory.seed("stock", stock(available=5, threshold=0))
    bounce(shop)
    return shop


@pytest.fixture
def provider() -> Provider:
    return Provider()


def desk(shop: Pipeline, provider: Provider, **who: str) -> SuppressionService:
    ledger = OperatorLedger(shop.tables, shop.publisher, shop.clock, jitter=lambda: 0.5)
    said = {"actor": "grace", "reason": "the mailbox was full", **who}
    return SuppressionService(shop.tables, ledger, provider, **said)


def listed(shop: Pipeline) -> bool:
    return shop.memory.get("notifications", suppression_key(ADA)) is not None


def trail(shop: Pipeline) -> list[Any]:
    entries = shop.memory.all("audit")
    return [entry for entry in entries if entry["entity"] == f"address#{digest_of(ADA)}"]


@pytest.mark.parametrize("spelled", [ADA, "ADA@Example.com", "Ada <ada@example.com>"])
def test_address_that_was_taken_off_is_mailed_again(shop, provider, spelled):
    assert desk(shop, provider).lift(spelled).outcome == "removed"

    shop.deliver("commands", checkout_command())
    shop.drain()

    assert [mail.to for mail in shop.mailer.sent] == [ADA]


def test_the_trail_says_who_did_it_and_why_and_does_not_name_the_address(shop, provider):
    desk(shop, provider).lift(ADA)
    shop.drain()

    (entry,) = [e for e in trail(shop) if e["action"] == "address.unsuppressed"]
    assert entry["previousState"] == {"status": "suppressed", "reason": "bounce"}
    assert entry["newState"] == {"status": "mailed"}
    assert entry["metadata"] == {
        "by": "grace",
        "reason": "the mailbox was full",
        "actor": {"kind": "operator", "id": "grace"},
    }
    assert ADA not in str([shop.memory.all("audit"), shop.memory.all("ledger")])


def test_list_of_the_mail_service_is_cleared_too_and_first(shop, provider):
    assert desk(shop, provider).lift(ADA).at_provider is True
    assert provider.addresses == set()

    bounce(shop, "second")
    provider.down = True
    with pytest.raises(DependencyError):
        desk(shop, provider).lift(ADA)
    assert listed(shop)


def test_repetition_says_so_and_tells_nothing_twice(shop, provider):
    outcomes = [desk(shop, provider).lift(ADA).outcome for _ in range(3)]
    shop.drain()

    assert outcomes == ["removed", "is not on the list", "is not on the list"]
    actions = [entry["action"] for entry in trail(shop)]
    assert actions.count("address.unsuppressed") == 1


def test_dry_run_changes_nothing_anywhere(shop, provider):
    before = str(shop.memory.all("notifications"))

    assert desk(shop, provider).lift(ADA, dry_run=True).outcome == "would be removed"

    assert str(shop.memory.all("notifications")) == before
    assert provider.addresses == {ADA}
    assert len(trail(shop)) == 1
    nobody = desk(shop, provider).lift("bob@example.com", dry_run=True)
    assert nobody.outcome == "is not on the list"


def test_new_report_puts_it_back_and_the_next_removal_is_another_deed(shop, provider):
    desk(shop, provider).lift(ADA)
    shop.clock.advance(5)
    bounce(shop)
    assert not listed(shop)

    bounce(shop, "second")
    assert listed(shop)
    assert desk(shop, provider).lift(ADA).outcome == "removed"

    shop.drain()
    actions = [entry["action"] for entry in trail(shop)]
    assert actions.count("address.unsuppressed") == 2
    assert actions.count("address.suppressed") == 2


def test_report_that_arrives_while_somebody_decides_is_not_taken_off_unseen(shop, provider):
    looked = shop.memory.get("notifications", suppression_key(ADA))
    newer = {**(looked or {}), "updatedAt": "2026-03-01T12:00:07.000Z", "reason": "complaint"}
    commit = OperatorLedger.commit

    class Late(OperatorLedger):
        raced = 0

        def commit(self, *args: Any, **options: Any) -> Any:
            if not self.raced:
                Late.raced += 1
                shop.memory.seed("notifications", newer)
            return commit(self, *args, **options)

    ledger = Late(shop.tables, shop.publisher, shop.clock, jitter=lambda: 0.5)
    SuppressionService(shop.tables, ledger, provider, actor="grace", reason="why").lift(ADA)
    shop.drain()

    (entry,) = [e for e in trail(shop) if e["action"] == "address.unsuppressed"]
    assert entry["previousState"]["reason"] == "complaint"


def test_entry_that_never_stands_still_is_left(shop, provider):
    class Busy(OperatorLedger):
        def commit(self, *_args: Any, **_options: Any) -> Any:
            raise ContentionError("busy")

    ledger = Busy(shop.tables, shop.publisher, shop.clock, jitter=lambda: 0.5)
    with pytest.raises(ContentionError, match="nothing was stored"):
        SuppressionService(shop.tables, ledger, provider, actor="grace", reason="why").lift(ADA)
    assert listed(shop)


def test_it_is_stored_although_qstash_is_down_and_told_of_later(shop, provider):
    shop.outbox.failing = True

    done = desk(shop, provider).lift(ADA)

    assert isinstance(done.unpublished, PublishError)
    assert not listed(shop)


@pytest.mark.parametrize("address", ["", "ada", "ada@", "Ada <>"])
def test_what_is_no_address_is_refused_before_anything_is_asked(shop, provider, address):
    with pytest.raises(OperatorError, match="must be a mail address"):
        desk(shop, provider).lift(address)
    assert provider.addresses == {ADA}


# ------------------------------------------------------------------ the list of SES
class SES:
    """A client that answers as it is told."""

    def __init__(self, code: str = "") -> None:
        self.code, self.asked = code, list[dict[str, Any]]()

    def delete_suppressed_destination(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.code == "timeout":
            raise ConnectTimeoutError(endpoint_url="https://ses.example")
        if self.code:
            raise ClientError({"Error": {"Code": self.code}}, "DeleteSuppressedDestination")
        return {}


def test_ses_is_asked_for_the_one_address():
    client = SES()

    assert SESList(lambda: client).remove(ADA) is True
    assert client.asked == [{"EmailAddress": ADA}]


def test_address_that_ses_does_not_know_is_no_error():
    assert SESList(lambda: SES("NotFoundException")).remove(ADA) is False


@pytest.mark.parametrize("code", ["TooManyRequestsException", "InternalFailure", "timeout"])
def test_ses_that_does_not_answer_is_worth_another_try(code):
    with pytest.raises(DependencyError, match="nothing changed"):
        SESList(lambda: SES(code)).remove(ADA)


def test_who_may_not_change_the_list_of_ses_is_told_which_permission_it_takes():
    with pytest.raises(OperatorError, match="ses:DeleteSuppressedDestination"):
        SESList(lambda: SES("AccessDeniedException")).remove(ADA)


# ------------------------------------------------------------------ the command line
@pytest.fixture
def line(shop: Pipeline, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr(connection, "connect", lambda _options: shop)
    monkeypatch.setattr(cli, "SESList", lambda _client: provider)
    return shop


def run(*more: str) -> int:
    return main(["mail", "unsuppress", ADA, "--reason", "the mailbox was full", *more])


def test_command_says_what_it_did_and_a_repetition_is_no_failure(line, capsys):
    assert [run("--dry-run"), run(), run()] == [0, 0, 0]

    assert capsys.readouterr().out.splitlines() == [
        f"{ADA}  would be removed",
        f"{ADA}  removed; it was on the list of SES, too",
        f"{ADA}  is not on the list",
    ]
    assert not listed(line)


def test_command_tells_that_the_audit_entry_waits(line, capsys):
    line.outbox.failing = True

    assert run() == 0
    assert "the reconciler publishes it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [ADA, "--reason", ""],
        [ADA, "--reason", "two\nlines"],
        ["ada", "--reason", "why"],
    ],
)
def test_wrong_word_needs_no_connection_to_be_refused(arguments, monkeypatch, capsys):
    monkeypatch.setattr(connection, "connect", lambda _options: pytest.fail("connected"))

    assert main(["mail", "unsuppress", *arguments]) == 2
    assert capsys.readouterr().err


def test_nobody_is_no_operator(monkeypatch, capsys):
    monkeypatch.setattr(connection, "connect", lambda _options: pytest.fail("connected"))

    with pytest.raises(SystemExit) as ended:
        main(["mail", "unsuppress", ADA, "--reason", "why", "--by", ""])

    assert ended.value.code == 2
    assert "--by: must be 1 to 200 characters on one line" in capsys.readouterr().err
