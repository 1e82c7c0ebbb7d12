"""Sizes and times, typed and shown."""

from __future__ import annotations

import pytest

from hpmkd.errors import RecipeError
from hpmkd.recipe.units import parse_size, parse_time, shown_size, shown_time


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("800", 800),
        ("800B", 800),
        ("50KB", 50_000),
        ("128.7KB", 128_700),
        ("50kb", 50_000),
        (" 50 KB ", 50_000),
        ("1.5MB", 1_500_000),
        ("50KiB", 51_200),
        ("2MiB", 2_097_152),
        ("1e3B", 1000),
        (".5KB", 500),
        ("1GB", 10**9),
    ],
)
def test_sizes(text, n_bytes):
    assert parse_size(text, "--max-size") == n_bytes


@pytest.mark.parametrize(
    "text", ["", "big", "50XB", "-5KB", "0", "0.4B", "5 K B", "50KB!", "1e999MB", "2us", "nan"]
)
def test_what_is_no_size_is_refused(text):
    with pytest.raises(RecipeError, match=r"^--max-size: got .*; expected a size above 0, such as"):
        parse_size(text, "--max-size")


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("800ns", 0.8),
        ("2us", 2.0),
        ("2\N{MICRO SIGN}s", 2.0),
        ("2\N{GREEK SMALL LETTER MU}s", 2.0),
        ("1.5ms", 1500.0),
        ("1s", 1e6),
        ("3 MS", 3000.0),
    ],
)
def test_times(text, us):
    assert parse_time(text, "--max-latency") == pytest.approx(us)


@pytest.mark.parametrize("text", ["", "2", "0us", "-2us", "2 fortnights", "50KB", "1e999s"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(RecipeError, match=r"^--max-latency: got .*; expected a time above 0 with"):
        parse_time(text, "--max-latency")


def test_they_are_shown_with_the_unit_that_suits():
    assert [shown_size(n) for n in (640, 50_000, 2_500_000, 3e9)] == [
        "0.6 KB",
        "50.0 KB",
        "2.5 MB",
        "3.0 GB",
    ]
    assert [shown_time(us) for us in (0.8, 12.3, 4500, 2e6)] == [
        "0.80 us",
        "12.3 us",
        "4.5 ms",
        "2.0 s",
    ]
