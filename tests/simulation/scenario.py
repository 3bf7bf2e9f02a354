"""What a run is about, apart from its seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_STEPS = 40
# Some breaches need a story that goes on for longer.
LONG_STEPS = 80
LONG_EVERY = 10
SCARCE: Mapping[str, int] = {"mug": 9, "cap": 5, "pin": 60, "tea#green": 12}
PLENTY: Mapping[str, int] = {"mug": 9000, "cap": 9000, "pin": 9000, "tea#green": 9000}


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
    def command(self) -> str:
        """How to see it again."""
        compared = " CHAOS_ARGS=--compare" if self.plain else ""
        return f"make chaos SEED={self.seed} STEPS={self.steps}{compared}"


def steps_of(seed: int, wanted: int | None = None) -> int:
    """How long a seed's story is, if nobody says."""
    if wanted is not None:
        return wanted
    return LONG_STEPS if seed % LONG_EVERY == LONG_EVERY // 2 else DEFAULT_STEPS
