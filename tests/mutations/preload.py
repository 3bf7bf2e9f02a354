"""Everything that a planted process needs, loaded once: those with a bug are forked from here."""

import hypothesis.stateful  # noqa: F401 - slow to load, and used by tests that planted bugs turn red
import pytest  # noqa: F401

import tests.simulation.campaign  # noqa: F401
from tests.mutations.planting import imports_of_ours

IMPORTS = imports_of_ours()
