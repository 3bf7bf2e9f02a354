"""Figures: what a run was made of, so that a green table says how much it went through."""

from collections import Counter
from collections.abc import Iterable

from tests.simulation.dice import CRASHES, Fault


class Tally:
    """Counts by name; those of many runs add up."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        """One more."""
        self.counts[name] += count

    def fault(self, fault: Fault) -> None:
        """A fault was injected."""
        self.faults[fault.name.lower()] += 1
        if fault in CRASHES:
            self.counts["crashes at a call"] += 1

    def metric(self, name: str, value: int) -> None:
        """A metric of the product's own."""
        self.counts[f"metric {name}"] += value

    def merge(self, others: "Iterable[Tally]") -> "Tally":
        """This one with all of the others in it."""
        for other in others:
            self.counts.update(other.counts)
            self.faults.update(other.faults)
        return self
