"""The figures as a table for people, or as JSON for programs."""

import json
from collections.abc import Mapping, Sequence

from benchmarks.figures import Figure
from local.terminal import Terminal, table

HEADING = ["what", "ours", "baseline", "against", "value", "budget", "noise", "verdict"]


def number(value: float, unit: str = "") -> str:
    """Three significant digits, whole numbers as they are."""
    if value == int(value) and abs(value) < 1e6:
        text = str(int(value))
    else:
        text = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return f"{text} {unit}".rstrip()


def row(figure: Figure) -> list[str]:
    """One line of the table."""
    ratio = figure.baseline is not None and figure.value != figure.ours
    return [
        figure.what,
        number(figure.ours, figure.unit),
        "-" if figure.baseline is None else number(figure.baseline, figure.unit),
        figure.against or "-",
        f"{figure.value:.2f} x" if ratio else number(figure.value),
        "-" if figure.budget is None else f"{figure.budget:g}{' x' if ratio else ''}",
        f"{figure.noise:.2f}" if ratio else "-",
        figure.verdict,
    ]


def as_table(figures: Sequence[Figure], terminal: Terminal) -> list[str]:
    """Aligned columns; a line over its budget is red where a person watches."""
    lines = table([HEADING, *(row(figure) for figure in figures)])
    return [
        *lines[:2],
        *(
            terminal.paint(line, "red") if figure.is_over else line
            for figure, line in zip(figures, lines[2:], strict=True)
        ),
    ]


def as_json(groups: Mapping[str, Sequence[Figure]], *, rounds: int, pinned: bool) -> str:
    """Everything that the table shows, and how it was measured."""
    return json.dumps(
        {
            "rounds": rounds,
            "pinned": pinned,
            "figures": [
                {"benchmark": name, **figure.as_json()}
                for name, figures in groups.items()
                for figure in figures
            ],
        },
        indent=2,
    )
