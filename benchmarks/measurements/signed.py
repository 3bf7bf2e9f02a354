"""What the signature of the shop's server costs a checkout (S36)."""

from benchmarks.figures import Figure, ratio_figure
from benchmarks.run import Run

_API, _SIGNED, _CHECK = "spine.api", "spine.api.signed", "verify.checkout"
# An open request books an allowance instead; the check alone says what a signature adds.
_MOST_OF_A_REQUEST = 0.05
_MOST_AGAINST_OPEN = 1.05


def measure(run: Run) -> list[Figure]:
    """The request of a signed stage beside that of an open one, and the check by itself."""
    taken = run.warm((_API, _SIGNED, _CHECK))

    def figure(what: str, ours: str, budget: float) -> Figure:
        against = "POST, open"
        return ratio_figure(what, taken[ours], against, taken[_API], budget=budget, unit="ms")

    return [
        figure("POST /api/checkout, signed", _SIGNED, _MOST_AGAINST_OPEN),
        figure("its signature check", _CHECK, _MOST_OF_A_REQUEST),
    ]
