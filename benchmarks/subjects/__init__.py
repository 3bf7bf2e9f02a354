"""What a worker process can be told to do, by name.

A subject is prepared once per process and then asked for batches: preparing a batch (fresh event
ids, signatures) is not timed, running it is.
"""

from collections.abc import Callable, Mapping

Batch = Callable[[], None]
Workload = Callable[[int], Batch]
"""How many operations in; what to time out."""

Subject = Callable[[Mapping[str, str]], Workload]
"""The environment in; a workload out, with its clients made."""
