"""The numbers behind a verdict, on samples whose answer is known."""

import io
import json

import pytest

from benchmarks.figures import count_figure, median_absolute_deviation, ratio_figure
from benchmarks.report import as_json, as_table, number
from local.terminal import Terminal


def test_deviation_is_the_median_distance_from_the_median():
    assert median_absolute_deviation([1.0, 2.0, 3.0, 4.0, 100.0]) == 1.0


def test_one_wild_sample_moves_neither_ratio_nor_noise():
    calm = ratio_figure("x", [0.010] * 9, "y", [0.020] * 9, budget=0.5)
    wild = ratio_figure("x", [0.010] * 8 + [9.0], "y", [0.020] * 9, budget=0.5)

    assert (wild.value, wild.noise) == (calm.value, calm.noise) == (0.5, 0.0)


def test_value_is_the_ratio_of_the_medians_and_the_units_are_the_reader_s():
    figure = ratio_figure("x", [0.001, 0.003, 0.002], "y", [0.004] * 3, budget=None, unit="us")

    assert figure.value == 0.5
    assert (figure.ours, figure.baseline) == (2000.0, 4000.0)


def test_a_machine_that_slows_down_for_both_of_a_pair_is_no_noise():
    ours, baseline = [0.010, 0.050, 0.010], [0.020, 0.100, 0.020]

    assert ratio_figure("x", ours, "y", baseline, budget=1.0).noise == 0.0


def test_samples_that_are_not_pairs_are_refused():
    with pytest.raises(ValueError, match="zip"):
        ratio_figure("x", [0.1, 0.1], "y", [0.1], budget=None)


@pytest.mark.parametrize(
    ("ours", "budget", "verdict"),
    [
        ([0.010, 0.010, 0.010], 1.0, "ok"),
        ([0.011, 0.011, 0.011], 1.0, "over"),
        # 1.1 times, but single pairs are off by as much as that.
        ([0.009, 0.011, 0.014], 1.0, "ok"),
        ([0.014, 0.016, 0.019], 1.0, "over"),
        ([0.999, 0.999, 0.999], None, "-"),
    ],
)
def test_a_budget_is_exceeded_only_beyond_the_noise(ours, budget, verdict):
    figure = ratio_figure("x", ours, "y", [0.010] * 3, budget=budget)

    assert figure.verdict == verdict
    assert figure.is_over is (verdict == "over")


@pytest.mark.parametrize(("calls", "verdict"), [(6, "ok"), (6.01, "over")])
def test_what_is_counted_has_no_noise_to_hide_behind(calls, verdict):
    assert count_figure("calls", calls, budget=6).verdict == verdict


def test_the_table_says_ratio_budget_and_verdict():
    figures = [
        ratio_figure("verify", [0.00003] * 3, "SDK", [0.00006] * 3, budget=0.75, unit="us"),
        count_figure("calls", 7, budget=6),
    ]

    lines = as_table(figures, Terminal(io.StringIO(), live=False))

    assert [line.split() for line in lines[2:]] == [
        ["verify", "30", "us", "60", "us", "SDK", "0.50", "x", "0.75", "x", "0.00", "ok"],
        ["calls", "7", "-", "-", "7", "6", "-", "over"],
    ]


def test_json_carries_what_the_table_shows():
    figures = [count_figure("calls", 7, budget=6)]

    read = json.loads(as_json({"calls": figures}, rounds=3, pinned=True))

    assert (read["rounds"], read["pinned"]) == (3, True)
    assert (
        read["figures"][0] | {"benchmark": "calls", "value": 7, "verdict": "over"}
        == (read["figures"][0])
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (6.0, "", "6"),
        (0.125, "ms", "0.125 ms"),
        (393.456, "ms", "393 ms"),
        (1234.5, "us", "1234 us"),
    ],
)
def test_numbers_have_three_digits(value, unit, text):
    assert number(value, unit) == text
