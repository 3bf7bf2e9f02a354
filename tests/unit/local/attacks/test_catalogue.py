"""The page tells of every attack that the program tries, and of no other."""

import re
from pathlib import Path

from local.attacks.attack import Checkouts
from local.attacks.catalogue import ATTACKS

PAGE = Path(__file__).resolve().parents[4] / "docs" / "security.md"


def page_rows() -> list[tuple[str, ...]]:
    section = PAGE.read_text(encoding="utf-8").partition("\n## Attacks\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines[1:]]


def test_the_page_has_exactly_the_attacks_that_are_tried():
    assert page_rows() == [(a.name, a.gets, a.answer, str(a.checkouts), a.promise) for a in ATTACKS]


def test_every_attack_has_a_name_and_a_run_of_its_own():
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert len({attack.run for attack in ATTACKS}) == len(ATTACKS)


def test_every_attack_names_a_promise_that_there_is():
    promises = set(re.findall(r"^## (S\d+) · ", PAGE.read_text(encoding="utf-8"), re.MULTILINE))

    assert {attack.promise for attack in ATTACKS} <= promises


def test_the_stage_is_changed_once_and_what_uses_up_its_allowance_comes_last():
    stages = [attack.checkouts for attack in ATTACKS]

    assert stages == sorted(stages, key=[Checkouts.SIGNED, Checkouts.OPEN].index)
    assert ATTACKS[-1].promise == "S37"
