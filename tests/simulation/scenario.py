"""What a run is about, apart from its seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_STEPS = 40
# Some breaches need a story that goes on for longer.
LONG_STEPS = 80
LONG_EVERY = 10
SCARCE: Mapping[str, int] = {"mug": 9, "cap": 5, "pin": 60, "tea#green": 12}
PLENTY: Mapping[str, int] = {"mug": 9000, "cap": 9000, "pin": 9000, "tea#green": 9000}


# Every so many seeds strangers come, and orders lapse: to a stage that takes signed checkouts only,
# and to an open one in turn.
STRANGERS_EVERY = 10
_LAPSE_SECONDS = 300


@dataclass(frozen=True)
class Stage:
    """What the deployment was told.

    Args:
        signed: whether the shop's server signs checkouts.
        lapses_after: seconds after which an order lapses that nothing confirmed, None for never.
        strangers: whether people come who have no right to what they ask for.
    """

    signed: bool = False
    lapses_after: int | None = None
    strangers: bool = False


USUAL = Stage()


def stage_of(seed: int) -> Stage:
    """The stage of a seed's story."""
    if seed % STRANGERS_EVERY != STRANGERS_EVERY - 6:
        return USUAL
    signed = seed // STRANGERS_EVERY % 2 == 0
    return Stage(signed=signed, lapses_after=_LAPSE_SECONDS, strangers=True)


@dataclass(frozen=True)
class Scenario:
    """A run.

    Args:
        seed: decides everything that is left to chance.
        steps: deeds of the people around the shop.
        redis: whether there is a Redis at all.
        plain: only deeds whose result cannot depend on who comes first, so that two runs can be
            compared (I24).
    """

    seed: int
    steps: int = DEFAULT_STEPS
    redis: bool = True
    plain: bool = False
    catalogue: Mapping[str, int] = field(default_factory=lambda: SCARCE)

    @property
    def stage(self) -> Stage:
        """What the deployment was told."""
        return USUAL if self.plain else stage_of(self.seed)

    @property
    def command(self) -> str:
        """How to see it again."""
        compared = " CHAOS_ARGS=--compare" if self.plain else ""
        return f"make chaos SEED={self.seed} STEPS={self.steps}{compared}"


def steps_of(seed: int, wanted: int | None = None) -> int:
    """How long a seed's story is, if nobody says."""
    if wanted is not None:
        return wanted
    return LONG_STEPS if seed % LONG_EVERY == LONG_EVERY // 2 else DEFAULT_STEPS
