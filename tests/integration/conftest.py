"""The real services, for whole functions."""

import pytest

from tests import services as real
from tests.services import Services


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Services:
    return real.of_session(request.config)
