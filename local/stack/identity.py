"""Who a process is. A number alone does not tell: the system gives it to the next one."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the system says about a process right now."""

    started: str
    session: int
    is_zombie: bool


def look(pid: int) -> Sighting | None:
    """The process with this number, if there is one."""
    return _look_in_proc(pid) if _HAS_PROC else _look_with_ps(pid)


def _look_in_proc(pid: int) -> Sighting | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in parentheses and may contain anything, parentheses too.
    fields = text.rpartition(")")[2].split()
    boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return Sighting(f"{boot}/{fields[19]}", int(fields[3]), is_zombie=fields[0] in {"Z", "X"})


def _look_with_ps(pid: int) -> Sighting | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    said = subprocess.run(command, check=False, capture_output=True, text=True).stdout.split()
    if len(said) < 2:
        return None
    return Sighting(" ".join(said[1:]), os.getsid(pid), is_zombie=said[0].startswith("Z"))


def members(session: int, mark: str) -> list[int]:
    """The living processes of a session whose environment carries the mark.

    Where there is no /proc there is no telling; then the answer is empty, and workers that lost
    their parent end by themselves when their input closes.
    """
    if not _HAS_PROC:
        return []
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        sighting = _look_in_proc(int(entry.name))
        if sighting is None or sighting.is_zombie or sighting.session != session:
            continue
        if mark.encode() in _environment(entry):
            found.append(int(entry.name))
    return found


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
