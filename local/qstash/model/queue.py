"""A queue by name: what waits in it, and how much of it may go at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Queue:
    """A FIFO queue's settings."""

    name: str
    parallelism: int = 1
    paused: bool = False
    created_ms: int = 0
    updated_ms: int = 0
