"""What a measurement is given: servers, artefacts, how much to measure, and whom to tell."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.figures import Figure
from benchmarks.sampling import Effort, Sample, Samples, take_turns
from benchmarks.trees import Trees, unpacked
from benchmarks.worker import Worker
from benchmarks.world import World


@dataclass
class Run:
    """One run of the benchmarks.

    Args:
        resources: closed when the run ends.
        note: called with a line about each piece of progress.
    """

    world: World
    effort: Effort
    resources: ExitStack
    note: Callable[[str], None] = lambda _text: None
    _trees: list[Trees] = field(default_factory=list)

    def trees(self) -> Trees:
        """The deployed artefacts; the first call builds them."""
        if not self._trees:
            self.note("building the artefacts")
            self._trees.append(self.resources.enter_context(unpacked()))
        return self._trees[0]

    def in_turn(self, subjects: Mapping[str, Sample]) -> Samples:
        """Samples of each, taken in turn."""
        return take_turns(subjects, self.effort.rounds, note=self.note)

    def warm(self, names: Iterable[str], *, shorter: int = 1) -> Samples:
        """Samples of subjects in worker processes, warm after the round that is thrown away.

        Args:
            shorter: how many times shorter than a whole event these are: a sample has to be long
                enough for the processor's clock.
        """
        environ = self.world.environment()
        operations = self.effort.operations * shorter
        with ExitStack() as stack:
            workers = {
                name: stack.enter_context(Worker(name, environ, operations=operations))
                for name in names
            }
            return self.in_turn({name: worker.sample for name, worker in workers.items()})


Measurement = Callable[[Run], list[Figure]]
