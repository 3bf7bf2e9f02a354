"""Everything that is kept of a person, told to them, and nothing of anyone else (S46)."""

import argparse
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from commandline.files import FileError
from ops.__main__ import main
from ops.core import connection
from ops.privacy.cli import erase, export
from ops.privacy.export import document
from tests.unit.ops.privacy.privacy_shop import (
    ADA,
    BOB,
    DELIVERED,
    PARCEL,
    PERSON,
    PHONE,
    REJECTED,
    STRINGS,
    PrivacyShop,
)


@pytest.fixture
def shop() -> PrivacyShop:
    return PrivacyShop().lived()


def told(shop: PrivacyShop) -> Any:
    return document(shop.service().find(PERSON), stage="test", now="2026-03-06T00:00:00.000Z")


def options(out: Path | str = "-", *, dry_run: bool = False) -> argparse.Namespace:
    return argparse.Namespace(out=Path(out), dry_run=dry_run)


def test_it_is_complete_and_in_plain_names(shop):
    found = told(shop)

    assert [row["orderId"] for row in found["orders"]] == [DELIVERED]
    assert {row["orderId"] for row in found["checkouts"]} == {DELIVERED, REJECTED}
    assert found["orders"][0]["totalAmount"] == 12.5
    assert found["orders"][0]["trackingNumber"] == PARCEL
    [original] = [row["originalEvent"] for row in found["deadLetters"]]
    assert original["payload"]["customerAddress"] == ADA["customerAddress"]
    assert {row["to"] for row in found["messages"]} >= {ADA["customerEmail"], PHONE}
    assert "user.changed" in {row["action"] for row in found["auditTrail"]}
    assert found["suppressedAddresses"][0]["reason"] == "complaint"
    said = json.dumps(found)
    assert [text for text in STRINGS if text not in said] == []


def test_no_other_person_is_in_it_and_no_operator(shop):
    # Her order had the shop alerted: that mail stands beside events about her.
    assert [place for place in shop.holds("stock@shop.example") if place.startswith("ledger/")]

    said = json.dumps(told(shop))

    assert [text for text in BOB.values() if text in said] == []
    assert "otto" not in said
    assert "stock@shop.example" not in said
    assert "an operator of the shop" in said


def test_the_file_is_its_owners_alone_and_nothing_is_overwritten(shop, tmp_path, capsys):
    file = tmp_path / "ada.json"

    status = export(options(file), "test", shop.service(), PERSON)

    assert (status, capsys.readouterr().out) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_bytes()
    assert json.loads(written)["person"]["userId"] == ADA["userId"]
    with pytest.raises(FileError, match="--out: cannot write"):
        export(options(file), "test", shop.service(), PERSON)
    assert file.read_bytes() == written
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(FileError, match="--out"):
        export(options(link), "test", shop.service(), PERSON)
    assert not (tmp_path / "elsewhere.json").exists()


def test_to_standard_output_goes_the_document_and_nothing_else(shop, capsys):
    assert export(options("-"), "test", shop.service(), PERSON) == 0

    said = capsys.readouterr()
    assert json.loads(said.out)["stage"] == "test"
    assert "1 orders, 2 checkouts" in said.err


def test_an_export_is_noted_before_it_is_handed_out_and_a_dry_run_is_not(shop, tmp_path, capsys):
    file = tmp_path / "ada.json"
    assert export(options(file, dry_run=True), "test", shop.service(), PERSON) == 0
    shop.drain()
    assert not file.exists()
    assert [r for r in shop.memory.all("audit") if r["action"] == "person.exported"] == []

    export(options(file), "test", shop.service(), PERSON)
    shop.drain()

    [entry] = [r for r in shop.memory.all("audit") if r["action"] == "person.exported"]
    assert [text for text in STRINGS if text in json.dumps(entry, default=str)] == []


def test_a_file_that_is_there_is_refused_before_anything_is_opened(tmp_path, monkeypatch, capsys):
    file = tmp_path / "ada.json"
    file.touch()
    monkeypatch.setattr(connection, "connect", lambda _options: pytest.fail("was opened"))

    words = ("privacy", "export", "--user", "u", "--reason", "asked", "--out", str(file))
    assert main(list(words)) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("erase", "--reason", "asked"), "--user, --email, --phone"),
        (("erase", "--user", "a b", "--reason", "asked"), "--user"),
        (("erase", "--user", "u", "--reason", ""), "--reason"),
        (("erase", "--user", "u", "--reason", "x\ny"), "--reason"),
        (("export", "--email", "u", "--reason", "asked", "--out", "-"), "--email"),
    ],
)
def test_a_wrong_word_is_told_before_anything_is_opened(words, says, monkeypatch, capsys):
    monkeypatch.setattr(connection, "connect", lambda _options: pytest.fail("was opened"))

    assert main(["privacy", *words]) == 2
    assert says in capsys.readouterr().err


def test_an_erasure_ends_as_what_it_did(shop, capsys):
    assert erase(options(dry_run=True), shop.service(), PERSON) == 0
    assert "a dry run: nothing was changed" in capsys.readouterr().out
    assert erase(options(), shop.service(), PERSON) == 0
    assert "delete these endpoints in SNS" in capsys.readouterr().out
    assert erase(options(), shop.service(), PERSON) == 0
    assert "nothing is kept of this person" in capsys.readouterr().out


def test_an_erasure_that_must_wait_says_for_what_and_until_when(capsys):
    shop = PrivacyShop()
    shop.order("pay-1", ADA)
    shop.drain()

    assert erase(options(), shop.service(), PERSON) == 1

    said = capsys.readouterr().out
    assert f"{DELIVERED}: is PENDING; it can be erased when it is delivered or cancelled" in said
    assert "nothing was erased" in said
