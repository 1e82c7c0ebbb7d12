"""The smaller of two students that the selection rows cannot tell apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.evaluation.gates import compare
from hpmkd.evaluation.metrics.of_all_rows import Auc
from hpmkd.evaluation.near_ties import smaller_of_near_ties

RNG = np.random.default_rng(0)
LEVEL = RNG.exponential(0.5, 400)
#: Mean 0 and standard deviation 1, so that a shift over its error is known.
NOISE = RNG.normal(0, 1, 400)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1)


def shifted(errors):
    """Return losses that are worse than LEVEL by so many paired standard errors."""
    return LEVEL + 0.2 * (NOISE + errors / 20)


def test_the_smaller_of_two_that_are_alike_ships_and_a_sentence_says_so():
    name, note = smaller_of_near_ties(
        "pool", {"pool": LEVEL, "gbm": shifted(0.4)}, {"pool": 66_000, "gbm": 20_000}
    )
    assert name == "gbm"
    assert note == (
        "pool (66.0 KB) and gbm (20.0 KB) are as good as each other on the selection rows "
        f"(log loss {LEVEL.mean():.4f} and {shifted(0.4).mean():.4f}): the smaller ships"
    )


def test_half_a_standard_error_is_the_limit():
    sizes = {"pool": 66_000, "gbm": 20_000}
    assert smaller_of_near_ties("pool", {"pool": LEVEL, "gbm": shifted(0.6)}, sizes) == (
        "pool",
        None,
    )


def test_of_several_the_smallest_and_a_larger_one_never():
    losses = {"pool": LEVEL, "gbm": shifted(0.1), "tree": shifted(0.3), "far": shifted(3.0)}
    sizes = {"pool": 66, "gbm": 30, "tree": 20, "far": 1}
    assert smaller_of_near_ties("pool", losses, sizes)[0] == "tree"
    assert smaller_of_near_ties("pool", losses, {**sizes, "gbm": 70, "tree": 66})[0] == "pool"


def test_of_equal_sizes_the_better():
    losses = {"pool": LEVEL, "worse": shifted(0.3), "better": shifted(0.1)}
    sizes = {"pool": 66, "worse": 20, "better": 20}
    assert smaller_of_near_ties("pool", losses, sizes)[0] == "better"


def test_the_same_losses_are_a_tie_and_one_row_is_none():
    sizes = {"pool": 66, "gbm": 20}
    assert smaller_of_near_ties("pool", {"pool": LEVEL, "gbm": LEVEL}, sizes)[0] == "gbm"
    one = {"pool": LEVEL[:1], "gbm": LEVEL[:1] + 0.1}
    assert smaller_of_near_ties("pool", one, sizes)[0] == "pool"


def test_what_has_no_size_is_refused_by_name():
    with pytest.raises(ValueError, match="gbm"):
        smaller_of_near_ties("pool", {"pool": LEVEL, "gbm": LEVEL}, {"pool": 66})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 3), st.integers(1, 99)), min_size=1, max_size=5))
def test_it_is_never_larger_and_never_clearly_worse(drawn):
    losses = {str(at): shifted(errors) for at, (errors, _) in enumerate(drawn)}
    sizes = {str(at): size for at, (_, size) in enumerate(drawn)}
    best = min(losses, key=lambda name: losses[name].mean())
    chosen, note = smaller_of_near_ties(best, losses, sizes)
    assert sizes[chosen] <= sizes[best]
    assert (note is None) == (chosen == best)
    found = compare(losses[chosen], losses[best])
    assert found.gain <= 0.5 * found.standard_error


def test_another_metric_is_named_as_people_read_it():
    losses = {"pool": LEVEL, "gbm": LEVEL}
    _, note = smaller_of_near_ties("pool", losses, {"pool": 900, "gbm": 100}, Auc())
    score = 1 - float(LEVEL.mean())
    assert f"(AUC {score:.4f} and {score:.4f})" in note
