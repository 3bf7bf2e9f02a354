"""Attacks with text: what a mail repeats, what a log keeps, and what a terminal obeys."""

import json
import unicodedata

from local.attacks.attack import Attack, Checkouts, must, needs
from local.attacks.target import Target

_SIGNED = Checkouts.SIGNED
_BIDI, _ZERO_WIDTH, _SEPARATOR, _ESCAPE = "\u202e", "\u200b", "\u2028", "\x1b"
_CANARY = "canarysings"
_LINKS = (
    "Visit https://evil.example/now",
    "www.evil.example",
    "pay at evil\u3002example/x",
    "mail@evil.example",
)


def repeat_a_link(target: Target) -> None:
    """Names that are links: by the API, and past it."""
    sku, before = target.product(), target.stored()
    answers = {name: target.pay(target.cart(sku, customerName=name)).status_code for name in _LINKS}
    must(set(answers.values()) == {400}, f"answered {answers}")
    must(target.stored() == before, "something was stored")
    orders = [target.vouched_order(customerName=name) for name in _LINKS]
    target.rest()
    for order in orders:
        text = _mail_of(target, str(order["customerEmail"]))
        must("evil.example" not in text, f"a mail repeats {order['customerName']!r}")
        must("evil\u3002example" not in text, "a mail repeats a link of another script")


def hide_characters(target: Target) -> None:
    """Names that run backwards, or hide what is in them: refused, or mailed without that."""
    mailed = []
    for character in f"{_BIDI}{_ZERO_WIDTH}{_SEPARATOR}\u2066\u00ad\ue000\ufeff":
        cart = target.cart(target.product(), customerName=f"Ada{character}Lovelace")
        answer = target.client.deliver("commands", target.event("command.checkout", cart))
        needs(answer.status_code in {200, 489}, f"a command is answered {answer.status_code}")
        if answer.status_code == 200:
            mailed.append(str(cart["customerEmail"]))
    target.rest()
    needs(mailed, "every one of the names is refused")

    text = "".join(_mail_of(target, to) for to in mailed)

    hidden = {"Cf", "Co", "Zl", "Zp"}
    shown = {character for character in text if unicodedata.category(character) in hidden}
    must(not shown, f"a mail repeats {sorted(map(ord, shown))}")
    needs("Lovelace" in text, "the mails do not repeat the name at all")


def write_into_the_log(target: Target) -> None:
    """A name where a key, an event type, a dimension or a header should be."""
    client, cart = target.client, target.cart(target.product())
    twice = json.dumps({**cart, _CANARY: 1})[:-1].encode() + f', "{_CANARY}": 2}}'.encode()
    metric = {"metric": "PageViews", "value": 1, "dimensions": {_CANARY: _CANARY}}
    answers = [
        client.check_out(twice, **client.signed(twice)),
        client.check_out({**cart, _CANARY: _CANARY}, **{"X-Correlation-ID": f"{_CANARY} !"}),
        client.deliver("commands", twice),
        client.deliver("commands", target.event(f"command.{_CANARY}", {})),
        client.deliver("analytics", target.event("analytics.metric", metric)),
        client.deliver("analytics", target.event(f"analytics.{_CANARY}", {_CANARY: _CANARY})),
        client.invoke(
            "orders", b"{}", {"Upstash-Signature": _CANARY, "Upstash-Message-Id": _CANARY}
        ),
    ]
    refused = [answer for answer in answers if answer.status_code >= 400]
    needs(len(refused) >= 6, f"{len(answers) - len(refused)} of them were taken")

    lines = [entry.message for entry in target.written()]

    needs(lines, "nothing is logged at all")
    found = [line for line in lines if _CANARY in line.lower()]
    must(not found, f"a log line says {found[:1]}")


def command_a_terminal(target: Target) -> None:
    """A dead letter whose error clears the screen, runs backwards and begins lines of its own."""
    event_id = target.new("failed")
    row = {
        "eventId": event_id,
        "state": "open",
        "topic": "commands",
        "eventType": f"command.{_ESCAPE}[2J{_SEPARATOR}checkout",
        "cause": f"HTTP 503 {_ESCAPE}]0;owned\x07{_BIDI}",
        "error": f"x\r\n{_SEPARATOR}{_ESCAPE}[31mall promises are kept\x9b1m",
        "fingerprint": "abc",
        "attempts": 4,
        "replays": 0,
        "firstFailedAt": "2026-03-01T11:00:00.000Z",
        "lastFailedAt": "2026-03-01T11:00:00.000Z",
        "reportedBy": "callback",
        "originalEvent": "{}",
        "history": [],
    }
    target.client.put("dead_letters", row)
    try:
        said = [
            target.operate("dead-letters", "list")[1],
            target.operate("dead-letters", "show", event_id)[1],
        ]
    finally:
        target.forget("dead_letters", eventId=event_id)

    needs(all(event_id in text for text in said), "the dead letter is not shown at all")
    obeyed = {
        character
        for text in said
        for character in text
        if character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}
    }
    must(not obeyed, f"a terminal is told {sorted(map(ord, obeyed))}")


def _mail_of(target: Target, to: str) -> str:
    mails = target.client.mails(to)
    needs(mails, f"no mail to {to}")
    return "".join(f"{mail['Subject']}{mail['BodyText']}{mail['BodyHtml']}" for mail in mails)


ATTACKS = (
    Attack(
        "links in names",
        "an invitation by our mail",
        "400; past the API a mail without the link",
        "S41",
        _SIGNED,
        repeat_a_link,
    ),
    Attack(
        "names that run backwards or hide characters",
        "a mail that says something else",
        "a mail without those characters",
        "S41",
        _SIGNED,
        hide_characters,
    ),
    Attack(
        "text as a duplicate key, an event type or a dimension",
        "log lines of one's own",
        "a refusal, logged by its code",
        "S34",
        _SIGNED,
        write_into_the_log,
    ),
    Attack(
        "U+2028 and escape sequences in a dead letter",
        "an operator's terminal",
        "its characters spelled out",
        "S19",
        _SIGNED,
        command_a_terminal,
        is_slow=True,
    ),
)
