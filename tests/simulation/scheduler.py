"""Virtual time, and many invocations of which exactly one runs at a time.

Product code is synchronous, so every invocation has a thread of its own; a baton goes round, and
only who holds it runs. Whose turn it is follows from virtual time alone, never from the machine:
the same seed interleaves the same way, everywhere.
"""

import heapq
import threading
from collections.abc import Callable

Action = Callable[[], None]


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more, not even a ``finally``'s port call."""


class _Worker:
    """A thread that runs one body after another, each only while it holds the baton."""

    idle: "list[_Worker]" = []

    def __init__(self) -> None:
        self.gate = threading.Lock()
        self.gate.acquire()
        self.job: Action = lambda: None
        threading.Thread(target=self._loop, daemon=True, name="simulation").start()

    def _loop(self) -> None:
        while True:
            self.gate.acquire()
            self.job()

    @classmethod
    def take(cls, job: Action) -> "_Worker":
        worker = cls.idle.pop() if cls.idle else cls()
        worker.job = job
        return worker


class Task:
    """One invocation's thread of control."""

    def __init__(self, scheduler: "Scheduler", body: "Callable[[Task], None]") -> None:
        self._scheduler, self._body = scheduler, body
        self._worker = _Worker.take(self._run)
        self._ticket = 0
        self.killed = False
        self.finished = False

    def wait(self, seconds: float) -> None:
        """Let virtual time pass, and others run.

        Raises:
            Killed: somebody ended this invocation in the meantime.
        """
        if self.killed:
            raise Killed
        if not self._scheduler.skip(seconds):
            self._ticket += 1
            ticket = self._ticket
            self._scheduler.after(seconds, lambda: self.wake(ticket))
            self._scheduler.yield_turn()
            self._worker.gate.acquire()
        if self.killed:
            raise Killed

    def die(self) -> None:
        """Called from inside: this very invocation ends here.

        Raises:
            Killed: always.
        """
        self.killed = True
        raise Killed

    def kill(self) -> None:
        """Called by the scheduler: whatever the invocation waits for, it ends now."""
        if not self.finished:
            self.killed = True
            self.resume()

    def resume(self) -> None:
        """Hand over the baton until the task waits again or is finished."""
        self._ticket += 1
        self._worker.gate.release()
        self._scheduler.take_back()

    def wake(self, ticket: int) -> None:
        """Called by the scheduler, unless something else woke the task in the meantime."""
        if ticket == self._ticket and not self.finished:
            self.resume()

    def _run(self) -> None:
        try:
            self._body(self)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - a fault of the simulation itself
            self._scheduler.fail(error)
        self.finished = True
        _Worker.idle.append(self._worker)
        self._scheduler.yield_turn()


class Scheduler:
    """What happens next, in virtual seconds since the beginning."""

    def __init__(self) -> None:
        self.now = 0.0
        self.halted = False
        self._heap: list[tuple[float, int, Action]] = []
        self._count = 0
        self._limit = 0.0
        self._gate = threading.Lock()
        self._gate.acquire()
        self._tasks: list[Task] = []
        self._error: BaseException | None = None

    def after(self, seconds: float, action: Action) -> None:
        """Run an action later; two at one moment in the order they were asked for."""
        self._count += 1
        heapq.heappush(self._heap, (self.now + seconds, self._count, action))

    def spawn(self, body: Callable[[Task], None]) -> Task:
        """A task that starts as soon as the scheduler gets to it."""
        task = Task(self, body)
        self._tasks.append(task)
        self.after(0.0, lambda: task.wake(0))
        return task

    def run(self, until: float) -> None:
        """Let everything happen that is due up to a moment, unless somebody halts it."""
        self._loop(until)
        if not self.halted:
            self.now = max(self.now, until)

    def drain(self, longest: float) -> bool:
        """Run until nothing is left to happen; False if something still is after ``longest``."""
        self._loop(self.now + longest)
        return not self._heap

    def _loop(self, until: float) -> None:
        self._limit = until
        while self._heap and self._heap[0][0] <= until and not self.halted:
            moment, _, action = heapq.heappop(self._heap)
            self.now = max(self.now, moment)
            action()
            if self._error is not None:
                raise self._error
            if len(self._tasks) > 64:
                self._tasks = [task for task in self._tasks if not task.finished]

    def fail(self, error: BaseException) -> None:
        """Called by a task whose body broke: whoever runs the simulation gets to see it."""
        self._error = error

    def skip(self, seconds: float) -> bool:
        """Jump ahead without a hand-over if nothing else is due before."""
        moment = self.now + seconds
        if self.halted or moment > self._limit or (self._heap and self._heap[0][0] <= moment):
            return False
        self.now = moment
        return True

    def close(self) -> None:
        """End every invocation that is still under way; their threads serve the next world."""
        self.halted = True
        for task in self._tasks:
            if not task.finished:
                task.kill()
        self._tasks.clear()
        self._heap.clear()

    def yield_turn(self) -> None:
        """Called by a task: the scheduler holds the baton again."""
        self._gate.release()

    def take_back(self) -> None:
        """Called by the scheduler: wait for the baton."""
        self._gate.acquire()
