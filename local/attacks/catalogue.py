"""All attacks, in the order in which they are tried."""

from local.attacks import checkouts, deliveries, keys, open_checkouts, pages, rows, words
from local.attacks.attack import Attack

# Those that need open checkouts come last: the stage is changed once.
ATTACKS: tuple[Attack, ...] = (
    *checkouts.ATTACKS,
    *deliveries.ATTACKS,
    *words.ATTACKS,
    *rows.ATTACKS,
    *keys.ATTACKS,
    *pages.ATTACKS,
    *open_checkouts.ATTACKS,
)
