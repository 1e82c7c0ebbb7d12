"""Kinds of arguments."""

from __future__ import annotations

import click
import pytest

from hpmkd.cli.arguments import Positive, Share, ThresholdOption


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (Share(), "nan", "got nan; expected a share between 0 and 1, e.g. 0.2"),
        (Share(), "0", "0.0 is not in the range 0<x<1"),
        (Share(), "1", "1.0 is not in the range 0<x<1"),
        (Share(), "20%", "'20%' is not a valid"),
        (Positive(), "inf", "got inf; expected a finite number above 0"),
        (Positive(), "0", "0.0 is not in the range x>0"),
    ],
)
def test_what_is_no_such_number_is_refused(kind, text, message):
    with pytest.raises(click.BadParameter) as caught:
        kind.convert(text, None, None)
    assert message in caught.value.message


@pytest.mark.parametrize(("kind", "text", "number"), [(Share(), ".3", 0.3), (Positive(), "7", 7)])
def test_what_is_one_is_a_float(kind, text, number):
    assert kind.convert(text, None, None) == number


def test_a_threshold_is_a_probability_or_the_best():
    assert ThresholdOption().convert("best", None, None) == "best"
    assert ThresholdOption().convert(".12", None, None) == 0.12
    for text in ("1.5", "nan", "high", "-1"):
        with pytest.raises(click.BadParameter, match=f"got {text}; expected a probability"):
            ThresholdOption().convert(text, None, None)
