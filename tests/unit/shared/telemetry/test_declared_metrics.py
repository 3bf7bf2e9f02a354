"""What other programs may measure: declared with the deployment, bounded, and refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry.declared_metrics import MOST_METRICS, check, declared
from shared.telemetry.metrics import METRICS


def test_names_and_values_are_read_as_they_are_meant():
    found = declared(
        " checkout.duration : step = payment / address , page_views:page=home+kind=a ,"
    )

    assert {name: dict(metric.dimensions) for name, metric in found.items()} == {
        "checkout.duration": {"step": ("payment", "address")},
        "page_views": {"page": ("home",), "kind": ("a",)},
    }
    assert {(m.unit, m.written_by) for m in found.values()} == {("None", ("analytics",))}


def test_nothing_declared_is_nothing():
    assert declared("") == {}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("9lives", "a metric's name must be"),
        (":step=a", "a metric's name must be"),
        ("Revenue", "Revenue is a metric of the pipeline itself"),
        ("a, a", "a is declared twice"),
        ("a:step=x+step=y", "dimension step twice"),
        ("a:service=x", "and not service"),
        ("a:step", "dimension step must list"),
        ("a:step=x/x", "dimension step must list different"),
        ("a:step=x/", "dimension step must list"),
        ("a:step=x y", "dimension step must list"),
        ("a:s-t=x", "a dimension's name must be"),
        ("a:b=1+c=1+d=1+e=1", "at most 3 dimensions"),
        ("a:b=" + "/".join(map(str, range(100))), "at most 100 series, not 101"),
        (",".join(f"m{n}" for n in range(MOST_METRICS + 1)), "at most 50 metrics"),
    ],
)
def test_a_declaration_that_breaks_a_rule_is_refused_by_name(text, rule):
    with pytest.raises(ValueError, match=rule):
        check(text)


@given(st.text(alphabet="ab.:+,=/ \n9", max_size=40))
def test_any_text_is_bounded_or_refused(text):
    try:
        found = declared(text)
    except ValueError:
        return
    assert len(found) <= MOST_METRICS
    assert all(metric.series <= 100 for metric in found.values())
    assert not found.keys() & METRICS.keys()
