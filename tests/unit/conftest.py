"""The unit tier touches nothing outside the process, and its property tests know their bounds."""

import os

import pytest
from hypothesis import settings

settings.register_profile("unit", deadline=None, max_examples=50)
settings.register_profile("unit-ci", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("unit-ci" if os.environ.get("CI") else "unit")


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled):
    """A test that opens a socket is in the wrong tier."""
