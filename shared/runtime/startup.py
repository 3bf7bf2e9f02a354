"""Lambda's initialisation: whether this process is in it, and what it need not pay for there."""

import gc
import os

KIND = "AWS_LAMBDA_INITIALIZATION_TYPE"
_SNAPSHOT = "snap-start"


def is_running() -> bool:
    """Whether Lambda says that it starts this process: only there anything is done ahead of time."""
    return bool(os.environ.get(KIND))


def keeps_connections() -> bool:
    """Whether what is opened now is still open for the first event: not in a snapshot's copies."""
    return is_running() and os.environ[KIND] != _SNAPSHOT


def begin() -> None:
    """Stop looking for garbage: loading modules makes next to none, and the search is an eighth of
    a cold start. Whoever calls this sees to it that ``end`` is called.
    """
    if is_running():
        gc.disable()


def end() -> None:
    """Look for garbage again, but never among what was loaded: that stays as long as the process."""
    gc.freeze()
    gc.enable()
