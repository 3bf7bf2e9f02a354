"""Mail: once per event, whatever the mail service says or fails to say."""

from typing import Any

import pytest

from functions.notifications.channels.email.mail import Mail
from functions.notifications.channels.email.rendering import JinjaRenderer
from functions.notifications.channels.email.service import send_email
from functions.notifications.compose import Dependencies
from functions.notifications.send_ledger import CLAIM_SECONDS, SendLedgerTables
from functions.notifications.settings import NotificationsSettings
from shared.contracts.notifications import EmailRequested
from shared.kernel.errors import DependencyError
from shared.kernel.strict_json import loads
from shared.storage.writes import Put
from tests.builders import answer_of
from tests.contracts.samples import sample
from tests.pipeline import Pipeline, environment, no_parameters
from tests.unit.shared.faults import Faults

EVENT = sample("notification.email")


@pytest.fixture
def shop() -> Pipeline:
    return Pipeline()


def deliver(shop: Pipeline, **changes: Any) -> dict[str, Any]:
    """Deliver the sample with changes to its payload, as a new attempt without Redis' help."""
    shop.redis.flush()
    event = {**EVENT, "payload": {**EVENT["payload"], **changes}}
    return shop.deliver("notifications", event)


def row(shop: Pipeline) -> dict[str, Any]:
    """What the send ledger knows of the mail."""
    return dict(shop.memory.get("notifications", {"id": EVENT["eventId"]}) or {})


def told(shop: Pipeline) -> list[tuple[str, str]]:
    """Action and entity of every audit event published."""
    bodies = [loads(m.body.encode(), max_bytes=10_000)["payload"] for m in shop.outbox.messages]
    return [(body["action"], body["entityId"]) for body in bodies]


def test_mail_is_sent_to_its_one_recipient_with_both_parts(shop):
    assert deliver(shop)["statusCode"] == 200

    (mail,) = shop.mailer.sent
    assert mail.to == "ada@example.com"
    assert mail.subject == EVENT["payload"]["subject"]
    assert mail.html.startswith("<!doctype html>")
    assert "<" not in mail.text
    assert (row(shop)["state"], row(shop)["messageId"]) == ("sent", "mail-1")
    assert told(shop) == [("email.sent", EVENT["eventId"])]


def test_second_delivery_of_the_same_event_sends_no_second_mail(shop):
    deliver(shop)

    assert answer_of(deliver(shop))["duplicate"] is True
    assert len(shop.mailer.sent) == 1
    assert told(shop) == [("email.sent", EVENT["eventId"])]


def test_mail_that_was_sent_is_never_sent_again_even_when_the_ledger_forgot(shop):
    """The event's record expires after thirty days; the send's own row still knows."""
    deliver(shop)
    shop.memory._rows["ledger"].clear()

    assert deliver(shop)["statusCode"] == 200
    assert len(shop.mailer.sent) == 1
    assert row(shop)["state"] == "sent"


def test_throttled_send_is_tried_again_and_then_sent(shop):
    shop.mailer.mode = "throttled"
    assert deliver(shop)["statusCode"] == 503
    assert (row(shop)["state"], row(shop)["reason"]) == ("failed", "dependency_unavailable")
    assert told(shop) == []

    shop.mailer.mode = "ok"
    assert deliver(shop)["statusCode"] == 200
    assert len(shop.mailer.sent) == 1
    assert row(shop)["state"] == "sent"
    assert "attention" not in row(shop)


def test_mail_that_is_refused_for_good_is_not_retried_but_may_be_replayed(shop):
    shop.mailer.mode = "refused"
    response = deliver(shop)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "mail_refused"
    assert (row(shop)["state"], row(shop)["attention"]) == ("failed", "failed")

    shop.mailer.mode = "ok"
    assert deliver(shop)["statusCode"] == 200
    assert len(shop.mailer.sent) == 1


@pytest.mark.parametrize("retried", [0, 1, 2])
def test_mail_that_waits_for_somebody_to_put_the_account_right_waits_long_and_goes_out(
    shop, retried
):
    shop.mailer.mode = "not_ready"
    waiting = shop.deliver("notifications", EVENT, retried=retried)

    assert (waiting["statusCode"], waiting["headers"]["retry-after"]) == (503, "300")
    assert answer_of(waiting)["error"]["code"] == "service_not_ready"
    assert (row(shop)["state"], row(shop)["reason"]) == ("failed", "service_not_ready")

    shop.mailer.mode = "ok"
    assert deliver(shop)["statusCode"] == 200
    assert len(shop.mailer.sent) == 1


HIDDEN = "\u202e\u2066\u200b\u200e\ufeff\u00ad"


def test_nothing_invisible_reaches_subject_text_or_html(shop):
    data = EVENT["payload"]["templateData"]
    line = {**data["items"][0], "productName": f"Mug {HIDDEN}gpj.exe\u2028Total: 0"}
    words = {**data, "customerName": f"{HIDDEN}Ada\x85می\u200cنویسم{HIDDEN}", "items": [line]}

    deliver(shop, templateData=words)

    (mail,) = shop.mailer.sent
    for part in (mail.subject, mail.text, mail.html):
        assert not set(part) & {*HIDDEN, "\x85", "\u2028"}
    for part in (mail.text, mail.html):
        assert "Hello Ada می\u200cنویسم," in part
        assert "Mug gpj. exe Total: 0" in part


def test_subject_that_was_let_in_before_is_sent_without_what_cannot_be_seen(shop):
    """A model that is built in another way stands for the older rules."""
    event = EmailRequested.model_validate(EVENT)
    payload = event.payload.model_copy(update={"subject": f"Your\x07order{HIDDEN}"})
    ports = shop.ports()
    dependencies = Dependencies.of(NotificationsSettings.load(shop.environ, no_parameters), ports)

    send_email(
        event.model_copy(update={"payload": payload}),
        renderer=JinjaRenderer(shop_name="Shop", currency="EUR"),
        mailer=shop.mailer,
        send_once=dependencies.send_once,
        alert_address="stock@shop.example",
    )

    assert [mail.subject for mail in shop.mailer.sent] == ["Your order"]


@pytest.mark.parametrize(("mode", "sent"), [("lost_reply", 1), ("timeout", 0)])
def test_send_that_nobody_knows_the_end_of_is_recorded_as_unknown_and_never_repeated(
    shop, mode, sent
):
    shop.mailer.mode = mode

    assert deliver(shop)["statusCode"] == 200
    assert (row(shop)["state"], row(shop)["attention"]) == ("unknown", "unknown")
    assert told(shop) == [("email.unknown", EVENT["eventId"])]

    shop.mailer.mode = "ok"
    deliver(shop)
    assert len(shop.mailer.sent) == sent


def test_run_killed_after_the_send_leaves_an_unknown_and_no_second_mail(shop):
    faults = Faults({(2, "before"): lambda: DependencyError("timeout")})
    shop.tables = faults.wrap("tables", shop.memory)
    assert deliver(shop)["statusCode"] == 503
    assert faults.calls[:2].count("tables.transact") == 1
    assert row(shop)["state"] == "claimed"
    shop.tables = shop.memory

    early = deliver(shop)
    assert early["statusCode"] == 503
    assert 1 <= int(early["headers"]["retry-after"]) <= CLAIM_SECONDS
    shop.clock.advance(CLAIM_SECONDS)
    assert deliver(shop)["statusCode"] == 200

    assert row(shop)["state"] == "unknown"
    assert len(shop.mailer.sent) == 1
    assert told(shop) == [("email.unknown", EVENT["eventId"])]


def test_claim_whose_reply_was_lost_is_recognised_by_its_token(shop):
    """The client repeats the write and finds its own claim: it is ours, and the mail goes out."""
    ledger = SendLedgerTables(shop.memory, shop.clock, new_token=lambda: "same")
    mail = Mail(
        event_id="e", to="a@b.example", subject="s", template_id="t", html="", text="", event=""
    )

    assert ledger.claim(mail).mine
    assert ledger.claim(mail).mine
    other = SendLedgerTables(shop.memory, shop.clock, new_token=lambda: "other")
    assert not other.claim(mail).mine


@pytest.mark.parametrize("late", ["failed", "sent"])
def test_a_run_whose_claim_lapsed_changes_nothing_of_what_was_recorded_since(shop, late):
    mine = SendLedgerTables(shop.memory, shop.clock)
    mail = Mail(
        event_id="e", to="a@b.example", subject="s", template_id="t", html="", text="", event=""
    )
    assert mine.claim(mail).mine
    mine.settle(mine.unknown(mail))

    if late == "failed":
        mine.failed(mail, "no_answer")
    else:
        mine.settle(mine.sent(mail, "mail-1"))

    kept = shop.memory.get("notifications", {"id": "e"})
    assert kept is not None
    assert kept["state"] == "unknown"


def test_two_runs_at_once_send_one_mail(shop):
    answers: list[dict[str, Any]] = []

    class Slow:
        def send(self, mail: Any) -> str:
            shop.redis.down = True
            if not answers:
                answers.append(shop.deliver("notifications", EVENT))
            sent.append(mail)
            return "mail-1"

    sent: list[Any] = []
    shop.mailer = Slow()

    assert deliver(shop)["statusCode"] == 200
    assert answers[0]["statusCode"] == 503
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "Hi\r\nBcc: evil@example.com"}, "payload.subject"),
        ({"subject": "Hi\nthere"}, "payload.subject"),
        ({"subject": "Hi\x00"}, "payload.subject"),
        ({"to": "a@b.example, evil@example.com"}, "payload.to"),
        ({"to": "a@b.example\r\nBcc: evil@example.com"}, "payload.to"),
        ({"to": ["a@b.example", "evil@example.com"]}, "payload.to"),
        ({"templateId": "ghost"}, "payload.templateId"),
        ({"templateId": "../../etc/passwd"}, "payload.templateId"),
        ({"templateData": {"orderId": "ord_1"}}, "payload.templateData.customerName"),
    ],
)
def test_mail_that_could_mean_something_else_is_refused_for_good_and_never_claimed(
    shop, changes, field
):
    response = deliver(shop, **changes)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == field
    assert shop.mailer.sent == []
    assert shop.memory.all("notifications") == []


def test_store_that_does_not_answer_before_the_send_sends_nothing(shop):
    faults = Faults({(0, "before"): lambda: DependencyError("timeout")})
    shop.tables = faults.wrap("tables", shop.memory)

    assert deliver(shop)["statusCode"] == 503
    assert shop.mailer.sent == []


def test_outcome_is_measured_by_template(shop):
    deliver(shop)

    (measure,) = shop.telemetry.measures
    assert (measure.name, dict(measure.dimensions)) == (
        "MailSent",
        {"template": "order-confirmation"},
    )


def test_order_of_a_mail_is_in_its_audit_entry_and_its_recipient_is_not(shop):
    deliver(shop)

    (message,) = shop.outbox.messages
    assert loads(message.body.encode(), max_bytes=10_000)["payload"]["metadata"] == {
        "templateId": "order-confirmation",
        "orderId": EVENT["payload"]["templateData"]["orderId"],
        "actor": {"kind": "system", "id": "notifications"},
    }
    assert "ada@" not in message.body.lower()


def test_shop_name_and_currency_have_defaults():
    settings = NotificationsSettings.load(environment(), no_parameters)

    assert (settings.shop_name, settings.currency) == ("The Shop", "EUR")


@pytest.mark.parametrize(
    ("ahead", "lapsed"), [(1, False), (16 * 60, False), (16 * 60 + 1, True), (10**9, True)]
)
def test_a_claim_longer_than_any_run_counts_as_lapsed(shop, ahead, lapsed):
    """A clock that went wrong, or a program that wrote there, must not block a mail for years."""
    deliver(shop)
    expires = int(shop.clock.now().timestamp()) + ahead
    claimed = {**row(shop), "state": "claimed", "token": "another", "expiresAt": expires}
    shop.memory.transact([Put("notifications", claimed)])
    shop.memory._rows["ledger"].clear()

    answered = deliver(shop)

    assert len(shop.mailer.sent) == 1
    assert (answered["statusCode"] == 200) == lapsed
    assert row(shop)["state"] == ("unknown" if lapsed else "claimed")
