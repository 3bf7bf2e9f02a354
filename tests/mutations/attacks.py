"""Every planted bug of a promise against attackers that no simulation looks for."""

from tests.mutations.doors import DOORS
from tests.mutations.traces import TRACES
from tests.mutations.words import WORDS

ATTACKS = (*TRACES, *DOORS, *WORDS)
