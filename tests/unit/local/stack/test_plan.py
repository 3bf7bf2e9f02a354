"""What `up` does about what it finds."""

import pytest

from local.stack.plan import Action, Name, Part, StackSnapshot, decide, moved


def part(
    name: Name, *, runs: bool = True, port: int = 4000, is_free: bool = True, is_kept: bool = True
) -> Part:
    return Part(name, runs=runs, port=port, port_is_free=is_free, is_kept=is_kept)


def stack(*parts: Part, is_complete: bool = True, is_kept: bool = True) -> StackSnapshot:
    given = {each.name: each for each in parts}
    return StackSnapshot(
        tuple(given.get(name, part(name)) for name in Name),
        is_complete=is_complete,
        is_kept=is_kept,
    )


def test_where_nothing_is_a_stack_is_brought_up_without_a_word():
    plan = decide(StackSnapshot())

    assert plan.action is Action.BRING_UP
    assert plan.words == ()


def test_what_was_kept_over_down_is_announced():
    plan = decide(StackSnapshot(is_kept=True))

    assert plan.action is Action.BRING_UP
    assert "are kept" in plan.words[0]
    assert "`make reset` forgets them" in plan.words[0]


def test_a_stack_that_runs_is_left_alone():
    assert decide(stack()).action is Action.NOTHING


@pytest.mark.parametrize("name", list(Name))
def test_the_one_that_died_is_mended_and_no_other(name):
    plan = decide(stack(part(name, runs=False)))

    assert plan.action is Action.MEND
    assert plan.mended == (name,)
    assert len(plan.words) == 1


def test_all_that_died_are_mended_even_if_it_is_everything():
    plan = decide(stack(*(part(name, runs=False) for name in Name)))

    assert plan.action is Action.MEND
    assert plan.mended == tuple(Name)


def test_what_is_kept_and_what_is_lost_is_told():
    aws, redis, qstash = decide(stack(*(part(name, runs=False) for name in Name))).words

    assert "The AWS emulator ended." in aws
    assert "Kept: orders" in aws
    assert "Lost: log lines" in aws
    assert "Redis ended." in redis
    assert "empty" in redis
    assert "The QStash dev server ended." in qstash
    assert "Kept: messages, dead letters" in qstash


def test_messages_that_were_not_kept_are_named_as_lost():
    (word,) = decide(stack(part(Name.QSTASH, runs=False, is_kept=False))).words

    assert "Lost: its messages" in word
    assert "Kept" not in word


def test_an_emulator_without_state_cannot_be_mended():
    plan = decide(stack(part(Name.AWS, runs=False, is_kept=False), is_kept=False))

    assert plan.action is Action.BRING_UP
    assert "Lost: everything" in plan.words[0]
    assert not any("are kept" in word for word in plan.words)


@pytest.mark.parametrize(
    ("port", "why"), [(4321, "another program has port 4321"), (0, "its port is not known")]
)
def test_one_that_cannot_have_its_port_back_makes_everything_start_again(port, why):
    plan = decide(stack(part(Name.REDIS, runs=False, port=port, is_free=False)))

    assert plan.action is Action.BRING_UP
    assert any(why in word for word in plan.words)
    assert any("are kept" in word for word in plan.words)


@pytest.mark.parametrize("runs", [True, False])
def test_a_stack_that_was_never_complete_is_begun_again(runs):
    plan = decide(stack(part(Name.AWS, runs=runs), is_complete=False))

    assert plan.action is Action.BRING_UP
    assert "did not come to its end" in plan.words[0]


def test_a_port_that_changed_is_told_and_one_that_did_not_is_not():
    assert moved(Name.AWS, 4000, 4000) is None
    assert moved(Name.AWS, None, 4000) is None
    assert "has port 4001, no longer 4000" in str(moved(Name.AWS, 4000, 4001))
