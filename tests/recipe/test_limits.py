"""Limits: what breaks them, by how much, and what to type."""

from __future__ import annotations

import shlex

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd import RecipeError
from hpmkd.evaluation.pareto import SelectionMetrics
from hpmkd.recipe.limits import Limits
from hpmkd.recipe.recipe import Recipe, read_limits

FIGURES = st.builds(
    SelectionMetrics,
    loss=st.just(0.1),
    n_bytes=st.integers(1, 10**7),
    row_us=st.floats(1e-2, 1e5),
    retention=st.floats(0.01, 1.5),
)
LIMITS = st.builds(
    Limits,
    max_size=st.integers(0, 10**6),
    max_latency=st.just(0.0) | st.floats(0.1, 1e3),
    min_retention=st.just(0.0) | st.floats(0.1, 1.2),
)


def test_each_limit_is_kept_by_whoever_just_reaches_it():
    limits = Limits(1000, 2.0, 0.99)
    assert limits.broken(SelectionMetrics(0.1, 1000, 2.0, 0.99)) == ()
    assert limits.broken(SelectionMetrics(0.1, 1001, 2.0, 0.99)) == ("max_size",)
    assert limits.broken(SelectionMetrics(0.1, 1001, 2.1, 0.98)) == limits.given
    assert Limits(min_retention=0.5).given == ("min_retention",)


@given(FIGURES)
def test_without_limits_nothing_is_broken(figures):
    assert not Limits()
    assert Limits().broken(figures) == ()
    assert Limits().options() == ""


@given(LIMITS, FIGURES)
def test_an_excess_is_positive_where_a_limit_is_broken(limits, figures):
    assert (limits.excess(figures) > 0) == bool(limits.broken(figures))


def test_beyond_is_counted_in_doublings():
    limits = Limits(1000, 2.0, 0.8)
    assert limits.excess(SelectionMetrics(0.1, 4000, 4.0, 0.9)) == pytest.approx(3.0)
    assert limits.excess(SelectionMetrics(0.1, 1, 1.0, 0.4)) == pytest.approx(1.0)


@given(LIMITS, FIGURES)
def test_loosened_limits_are_kept_and_say_so_when_typed(limits, figures):
    loosened = limits.loosened(figures)
    assert loosened.broken(figures) == ()
    for name in set(limits.given) - set(limits.broken(figures)):
        assert getattr(loosened, name) == getattr(limits, name)
    typed = shlex.split(loosened.options())
    given = dict(zip(typed[::2], typed[1::2], strict=True))
    parsed = read_limits(
        {
            key: float(value) if "retention" in key else value
            for option, value in given.items()
            for key in [option[2:].replace("-", "_")]
        }
    )
    assert parsed.max_size == loosened.max_size
    assert parsed.max_latency == pytest.approx(loosened.max_latency, rel=1e-5)
    assert parsed.min_retention == pytest.approx(loosened.min_retention, rel=1e-5)


def test_a_recipe_takes_texts_and_keeps_numbers():
    recipe = Recipe.load("hpm").override({"limits.max_size": "50KiB", "limits.max_latency": "2us"})
    assert recipe.limits == Limits(51_200, 2.0, 0.0)
    assert recipe.to_mapping()["limits"]["max_size"] == 51_200
    assert Recipe.from_mapping(recipe.to_mapping()).limits == recipe.limits
    assert not Recipe.load("hpm").limits


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({"max_size": 20000.0}, Limits(max_size=20_000)),
        ({"max_size": np.int64(20_000)}, Limits(max_size=20_000)),
        ({"max_latency": np.float64(2.5)}, Limits(max_latency=2.5)),
        ({"max_latency": 2}, Limits(max_latency=2.0)),
        ({"min_retention": np.float32(0.9)}, Limits(min_retention=0.9)),
        ({"min_retention": "99%"}, Limits(min_retention=0.99)),
        ({"min_retention": "98.5 %"}, Limits(min_retention=0.985)),
        ({"min_retention": "0.99", "max_size": None}, Limits(min_retention=0.99)),
    ],
)
def test_numbers_are_taken_as_they_come(given, limits):
    read = read_limits(given)
    assert read == limits
    assert type(read.max_size) is int
    assert type(read.max_latency) is type(read.min_retention) is float


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_size": "50XB"}, r"^limits\.max_size: got '50XB'; expected a size above 0"),
        ({"max_latency": "2"}, r"^limits\.max_latency: got '2'; expected a time .* with its unit"),
        ({"max_size": -5}, r"^limits\.max_size: got -5: "),
        ({"max_size": 1.5}, r"^limits\.max_size: got 1\.5: "),
        ({"min_retention": 99}, r"^limits\.min_retention: got 99: "),
        ({"max_latency": float("inf")}, r"^limits\.max_latency: got inf; expected a finite number"),
        ({"max_latency": float("nan")}, r"^limits\.max_latency: got nan; expected a finite number"),
        (
            {"min_retention": np.float32("inf")},
            r"^limits\.min_retention: got .*inf.*; expected a fin",
        ),
        ({"min_retention": "99"}, r"^limits\.min_retention: got '99'; .* such as 0\.99 or 99%"),
        ({"min_retention": "0%"}, r"^limits\.min_retention: got '0%'; expected a share"),
        ({"max_size": True}, r"^limits\.max_size: got True: "),
        ({1: 2}, r"^limits: got the key 1; expected a text, one of: max_size, max_latency, min_"),
        ({"max_sise": 5}, r"^limits\.max_sise: unknown key; did you mean 'max_size'\?"),
        ("50KB", r"^limits: got '50KB'; expected a table"),
    ],
)
def test_bad_limits_are_refused_by_their_path(given, message):
    with pytest.raises(RecipeError, match=message):
        read_limits(given)
