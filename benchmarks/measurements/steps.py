"""The steps of a delivery, each beside the ordinary way to do it."""

from benchmarks.figures import Figure, ratio_figure
from benchmarks.run import Run

# docs/performance.md says which of these are looser than what was aimed for, and why.
_PAIRS: tuple[tuple[str, str, str, str, float | None], ...] = (
    ("verify 1 KiB", "verify.1k", "SDK's Receiver", "verify.1k.sdk", 0.75),
    ("verify 1 MiB", "verify.1m", "SHA-256 alone", "verify.1m.sha256", 1.15),
    ("parse five lines, strictly", "parse", "json.loads", "parse.json", 6.0),
    ("publish 10", "publish.10", "publish 1", "publish.1", 1.5),
    ("claim + complete", "claims", "SET NX + SET", "claims.naive", 1.4),
)


def measure(run: Run) -> list[Figure]:
    """Verification, parsing, publishing, claiming."""
    real = run.world.redis_flavour != "fakeredis"
    pairs = [pair for pair in _PAIRS if real or not pair[1].startswith("claims")]
    taken = run.warm([name for pair in pairs for name in (pair[1], pair[3])], shorter=10)
    return [
        ratio_figure(what, taken[ours], against, taken[baseline], budget=budget, unit="us")
        for what, ours, against, baseline, budget in pairs
    ]
