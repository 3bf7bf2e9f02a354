"""Who an operator is, as STS itself words it."""

from local.stack import environment
from ops.core.identity import caller_of


def test_the_emulator_names_the_user_of_its_credentials(services):
    arn = caller_of(lambda: services.client("sts"))()

    assert arn.startswith("arn:aws:")
    assert f"::{environment.ACCOUNT}:" in arn
