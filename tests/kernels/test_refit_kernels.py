"""Margins of known leaves, and the slope of a loss in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.kernels import _refit, leaf_gradient, leaf_margins
from tests.kernels import reference


def draw(n, counts, width, seed=0, dtype=np.uint8):
    """Return ids, counts, outputs, values and starting margins."""
    rng = np.random.default_rng(seed)
    counts = np.asarray(counts, dtype=np.int64)
    ids = [rng.integers(0, count, n) for count in counts]
    return (
        np.array(ids, dtype=dtype).reshape(len(counts), n),
        counts,
        rng.integers(0, width, len(counts)),
        rng.normal(size=counts.sum()),
        rng.normal(size=(n, width)),
    )


shapes = st.tuples(st.integers(0, 40), st.lists(st.integers(1, 300), max_size=9), st.integers(1, 5))


@pytest.mark.parametrize("width", [1, 3, 50])
@pytest.mark.parametrize("n_trees", [0, 1, 4, 30])
@pytest.mark.parametrize("n", [0, 1, 511, 512, 513, 1300])
def test_equal_their_twins_to_the_bit(n, n_trees, width):
    ids, counts, outputs, values, start = draw(n, np.arange(n_trees) % 12 + 1, width)
    twin = reference.leaf_margins(ids, counts, outputs, values, start)
    np.testing.assert_array_equal(leaf_margins(ids, counts, outputs, values, start), twin)
    twin = reference.leaf_gradient(ids, counts, outputs, start)
    result = leaf_gradient(ids, counts, outputs, start)
    # The twin's sum begins in each tree as ours does: row by row.
    np.testing.assert_array_equal(result, twin)


@settings(deadline=None)  # the first call compiles
@given(shapes)
def test_any_shape_equals_its_twin(shape):
    ids, counts, outputs, values, start = draw(*shape, dtype=np.uint16)
    twin = reference.leaf_margins(ids, counts, outputs, values, start)
    np.testing.assert_array_equal(leaf_margins(ids, counts, outputs, values, start), twin)
    twin = reference.leaf_gradient(ids, counts, outputs, start)
    np.testing.assert_array_equal(leaf_gradient(ids, counts, outputs, start), twin)


@settings(deadline=None)  # the first call compiles
@given(shapes)
def test_one_is_the_transpose_of_the_other(shape):
    ids, counts, outputs, values, slopes = draw(*shape, dtype=np.uint16)
    margins = leaf_margins(ids, counts, outputs, values, np.zeros_like(slopes))
    gradient = leaf_gradient(ids, counts, outputs, slopes)
    assert np.sum(margins * slopes) == pytest.approx(gradient @ values, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("n_trees", [3, 6])
def test_python_functions_equal_the_compiled(n_trees):
    ids, counts, outputs, values, start = draw(5, [3] * n_trees, 2)
    firsts = np.arange(n_trees + 1) * 3
    margins, gradient = start.copy(), np.zeros(len(values))
    assert _refit.leaf_margins.py_func(ids, firsts, outputs, values, margins) == -1
    assert _refit.leaf_gradient.py_func(ids, firsts, outputs, start, gradient) == -1
    np.testing.assert_array_equal(margins, leaf_margins(ids, counts, outputs, values, start))
    np.testing.assert_array_equal(gradient, leaf_gradient(ids, counts, outputs, start))
    for many in (ids[0], ids[0] * 0):
        assert _refit._reaches_beyond.py_func(many, many.max())
        assert not _refit._reaches_beyond.py_func(many, many.max() + 1)


def test_a_row_has_the_same_bits_in_any_batch():
    ids, counts, outputs, values, start = draw(1500, [12] * 7, 3)
    whole = leaf_margins(ids, counts, outputs, values, start)
    for part in (slice(0, 1), slice(700, 701), slice(5, 1407)):
        some = leaf_margins(ids[:, part], counts, outputs, values, start[part])
        np.testing.assert_array_equal(some, whole[part])


def test_start_is_left_alone():
    ids, counts, outputs, values, start = draw(20, [12] * 7, 3)
    before = start.copy()
    leaf_margins(ids, counts, outputs, values, start)
    np.testing.assert_array_equal(start, before)


def test_inputs_of_every_kind_share_two_signatures():
    ids, counts, outputs, values, start = draw(30, [12] * 7, 3)
    values, start = values.astype(np.float32), start.astype(np.float32)
    margins = leaf_margins(ids, counts, outputs, values, start)
    gradient = leaf_gradient(ids, counts, outputs, start)
    locked = ids.copy()
    locked.flags.writeable = False
    forms = [locked, np.asfortranarray(ids), np.repeat(ids, 2, axis=1)[:, ::2], ids.tolist()]
    forms += [ids.astype(each) for each in ("u2", ">u2", "i1", "i4", "u8")]
    for form in forms:
        same = leaf_margins(form, counts.tolist(), outputs.astype(np.int8), values.tolist(), start)
        np.testing.assert_array_equal(same, margins)
        same = leaf_gradient(form, counts.astype(np.uint8), outputs.tolist(), start)
        np.testing.assert_array_equal(same, gradient)
    assert len(_refit.leaf_margins.signatures) <= 2
    assert len(_refit.leaf_gradient.signatures) <= 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("tree", [0, 3, 4])
def test_leaves_that_do_not_exist_are_refused(tree, dtype):
    ids, counts, outputs, values, start = draw(1500, [12, 9, 12, 12, 7], 3, dtype=dtype)
    ids[tree, 1400] = counts[tree]
    with pytest.raises(ValueError, match=f"tree {tree} must be below its {counts[tree]} leaves"):
        leaf_margins(ids, counts, outputs, values, start)
    with pytest.raises(ValueError, match=f"tree {tree} must be below its {counts[tree]} leaves"):
        leaf_gradient(ids, counts, outputs, start)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"leaf_ids": [[0, -1]]}, "0 … 65535"),
        ({"leaf_ids": [[0, 65536]]}, "0 … 65535"),
        ({"leaf_ids": [[0.0, 1.0]]}, "integers"),
        ({"leaf_ids": [[0, 1, 1]]}, "same rows"),
        ({"leaf_ids": [0, 1]}, "dimension"),
        ({"n_leaves": [2, 2]}, "one entry per tree"),
        ({"n_leaves": [0]}, "at least 1"),
        ({"outputs": [0, 0]}, "one entry per tree"),
        ({"outputs": [3]}, "0 … 2"),
        ({"outputs": [-1]}, "0 … 2"),
        ({"values": [1.0]}, "2 leaves"),
        ({"start": [1.0, 2.0]}, "shape"),
    ],
)
def test_unusable_arguments_are_refused(changes, message):
    arguments = {
        "leaf_ids": [[0, 1]],
        "n_leaves": [2],
        "outputs": [1],
        "values": [1.0, 2.0],
        "start": np.zeros((2, 3)),
    }
    arguments |= changes
    with pytest.raises(ValueError, match=message):
        leaf_margins(**arguments)
    del arguments["values"]
    arguments["slopes"] = arguments.pop("start")
    if "values" not in changes:
        with pytest.raises(ValueError, match="dimension" if "start" in changes else message):
            leaf_gradient(**arguments)
