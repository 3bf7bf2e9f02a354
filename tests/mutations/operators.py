"""Planted bugs of who an operator is: no simulation has an account, so their tests alone hold them."""

from tests.mutations.catalog import Mutation

_TESTS = "tests/unit/ops/core/test_identity.py"
_LOOKING = "tests/unit/ops/test_only_looking.py"
_LOOKS = "Who only looks needs no secret, and can change nothing."
_NAMED = "In an account a change is recorded under the name that AWS gives, or it is not made."

OPERATORS = (
    Mutation(
        "S26",
        _NAMED,
        "ops/core/actor.py",
        "arn = connection.identify()",
        "arn = str(named)",
        "an operator is whoever the environment says",
        (
            f"{_TESTS}::test_a_movement_is_recorded_under_the_name_that_aws_gives_and_not_the_environments",
        ),
    ),
    Mutation(
        "S26",
        _NAMED,
        "ops/core/identity.py",
        "if not isinstance(arn, str) or not _ARN.fullmatch(arn) or one_line(arn, _LONGEST) != arn:",
        "if arn is None:",
        "any text is taken for the name that AWS gives",
        (f"{_TESTS}::test_no_change_is_made_when_aws_does_not_say_who_it_is",),
    ),
    Mutation(
        "S26",
        _LOOKS,
        "ops/core/actor.py",
        "    be_ready(connection.publisher)\n    if connection",
        "    if connection",
        "a change is stored by an operator who may not publish what follows from it",
        (f"{_LOOKING}::test_a_change_that_could_not_be_published_is_not_begun",),
    ),
)
