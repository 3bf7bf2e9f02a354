"""Every planted bug of a promise against attackers that no simulation looks for."""

from tests.mutations.contacts import CONTACTS
from tests.mutations.doors import DOORS
from tests.mutations.lapses import LAPSES
from tests.mutations.leases import LEASES
from tests.mutations.local_files import LOCAL_FILES
from tests.mutations.operators import OPERATORS
from tests.mutations.order_ids import ORDER_ID_BUGS
from tests.mutations.privacy import PRIVACY
from tests.mutations.retention import RETENTION
from tests.mutations.rotations import ROTATIONS
from tests.mutations.settings import SETTINGS
from tests.mutations.traces import TRACES
from tests.mutations.words import WORDS

ATTACKS = (
    *TRACES,
    *DOORS,
    *LAPSES,
    *ORDER_ID_BUGS,
    *WORDS,
    *LOCAL_FILES,
    *LEASES,
    *CONTACTS,
    *RETENTION,
    *PRIVACY,
    *OPERATORS,
    *SETTINGS,
    *ROTATIONS,
)
