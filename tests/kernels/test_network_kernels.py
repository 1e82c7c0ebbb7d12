"""Training and prediction of a small network, against twins in NumPy and finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.kernels import (
    distillation_loss,
    n_parameters,
    network_epoch,
    network_gradient,
    network_inputs,
    network_margins,
    soften,
)
from tests.kernels import reference

shapes = st.tuples(
    st.integers(1, 40),
    st.lists(st.integers(1, 19), min_size=1, max_size=2),
    st.integers(0, 9),
    st.integers(2, 4),
)


def draw(n, hidden, d, n_classes, n_extra=0, seed=0):
    """Return sizes, parameters, rows, labels and soft targets."""
    rng = np.random.default_rng(seed)
    sizes = [d, *hidden, n_classes if n_classes > 2 else 1]
    parameters = rng.normal(size=n_parameters(sizes)).astype(np.float32) / 2
    matrix = rng.normal(size=(n + n_extra, d)).astype(np.float32)
    soft = rng.dirichlet(np.ones(n_classes), n + n_extra).astype(np.float32)
    return sizes, parameters, matrix, rng.integers(0, n_classes, n), soft


@settings(deadline=None)  # the first call compiles
@given(shapes)
def test_margins_equal_their_twin_and_do_not_depend_on_the_batch(shape):
    n, hidden, d, n_classes = shape
    sizes, parameters, matrix, *_ = draw(n, hidden, d, n_classes)
    layers = reference.network_layers(sizes, parameters)
    margins = network_margins(matrix, *layers)
    assert margins.dtype == np.float32
    expected = reference.network_margins(reference.network_inputs(matrix), *layers)
    np.testing.assert_allclose(margins, expected, atol=1e-4)
    for i in range(n):
        assert network_margins(matrix[i : i + 1], *layers).tobytes() == margins[i].tobytes()


def test_margins_are_added_in_the_stated_order():
    sizes, parameters, matrix, *_ = draw(7, [21], 11, 3)
    read = network_inputs(matrix)
    (first, _), biases = reference.network_layers(sizes, parameters)
    sums = np.tile(biases[0], (7, 1))
    for i in (0, 4):
        pairs = [read[:, j, np.newaxis] * first[j] for j in range(i, i + 4)]
        sums += (pairs[0] + pairs[1]) + (pairs[2] + pairs[3])
    for i in (8, 9, 10):
        sums += read[:, i, np.newaxis] * first[i]
    np.testing.assert_array_equal(network_margins(matrix, [first], [biases[0]]), sums)


def test_no_cell_and_no_sum_is_infinite():
    weights, biases = [np.full((3, 40), 1e4), np.full((40, 40), 1e4)], [np.full(40, 1e4)] * 2
    odd = np.array([[np.inf, -np.inf, np.nan], [1e300, 1e39, -1e300]])
    margins = network_margins(odd, [*weights, np.full((40, 1), -1e4)], [*biases, [0.0]])
    assert np.isfinite(margins).all()
    plain = network_margins([[1e4, -1e4, -1e4], [1e4, 1e4, -1e4]], weights, biases)
    np.testing.assert_array_equal(network_margins(odd, weights, biases), plain)


def test_of_no_rows_and_no_columns():
    assert network_margins(np.empty((0, 2)), [np.ones((2, 3))], [np.ones(3)]).shape == (0, 3)
    assert network_margins(np.empty((2, 0)), [np.ones((0, 1))], [[5.0]]).tolist() == [[5.0]] * 2
    with pytest.raises(ValueError, match=r"weights\[0\] must have shape \(2, 3\)"):
        network_margins(np.ones((1, 2)), [np.ones((3, 3))], [np.ones(3)])


@pytest.mark.parametrize("hidden", [[5], [6, 3]])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("softening", [(1.0, 0.0), (1.0, 0.3), (2.5, 0.6), (0.5, 1.0)])
def test_the_gradient_is_the_slope_of_the_loss(hidden, n_classes, softening):
    n, n_extra = 13, 6
    sizes, parameters, matrix, labels, soft = draw(n, hidden, 7, n_classes, n_extra)
    loss, gradient = network_gradient(sizes, parameters, matrix, labels, soft, *softening, 0.7)
    twin = reference.network_loss
    arguments = (matrix, labels, soft, *softening, 0.7)
    assert loss == pytest.approx(twin(sizes, parameters.astype(float), *arguments), rel=1e-5)
    slopes, step = np.empty(len(parameters)), 1e-5
    for i in range(len(parameters)):
        shift = np.zeros(len(parameters))
        shift[i] = step
        ends = [twin(sizes, parameters + s, *arguments) for s in (shift, -shift)]
        slopes[i] = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(gradient, slopes, atol=2e-4)


def test_the_loss_is_that_of_the_other_students():
    sizes, parameters, matrix, labels, soft = draw(30, [8], 5, 3)
    softened = soften(soft.astype(float) / soft.sum(axis=1, keepdims=True), 2.0)
    read = network_inputs(matrix)
    loss, _ = network_gradient(sizes, parameters, read, labels, softened, 2.0, 0.4)
    margins = network_margins(matrix, *reference.network_layers(sizes, parameters))
    expected, *_ = distillation_loss(margins, labels, softened, 2.0, 0.4)
    assert loss / 30 == pytest.approx(expected, rel=1e-5)


def test_an_epoch_equals_its_twin():
    sizes, parameters, matrix, labels, soft = draw(20, [8, 4], 5, 3, n_extra=7)
    state = np.zeros((4, len(parameters)), dtype=np.float32)
    state[0] = state[3] = parameters
    order = np.random.default_rng(1).permutation(27)
    twin = state.astype(float)
    settings = {"batch": 8, "step": 3, "rate": 0.01, "decay": 0.2, "horizon": 5.0}
    arguments = (matrix, labels, soft, order, 1.5, 0.5, 0.3)
    loss = network_epoch(sizes, state, *arguments, **settings)
    assert loss == pytest.approx(reference.network_epoch(sizes, twin, *arguments, **settings))
    np.testing.assert_allclose(state, twin, atol=1e-5)
    assert np.abs(state[0] - parameters).max() > 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": [5, 0, 3]}, "sizes must be"),
        ({"sizes": [6, 8, 3]}, "must have the shapes"),
        ({"soft_targets": np.ones((20, 2))}, "must have the shapes"),
        ({"labels": np.full(20, 3)}, "labels must be 1 to 20 class codes"),
        ({"labels": np.empty(0, dtype=int)}, "labels must be 1 to 20 class codes"),
        ({"alpha": 1.5}, "alpha must be in"),
        ({"extra_weight": np.nan}, "extra_weight finite"),
        ({"temperature": 0.0}, "temperature must be finite"),
        ({"order": [20]}, "order must be rows 0 … 19"),
        ({"state": np.zeros((4, 7), dtype=np.float32)}, "state must be a writeable"),
        ({"batch": 0}, "too small"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    sizes, parameters, matrix, labels, soft = draw(20, [8], 5, 3)
    given = {"sizes": sizes, "state": np.stack([parameters] * 4), "matrix": matrix}
    given |= {"labels": labels, "soft_targets": soft, "order": np.arange(20), "temperature": 1.0}
    given |= {"alpha": 0.5, "extra_weight": 0.5, "batch": 8, "step": 0, "rate": 0.1}
    with pytest.raises(ValueError, match=message):
        network_epoch(**{**given, "decay": 0.0, "horizon": 9.0, **change})


def test_a_row_of_weight_two_is_two_rows():
    n, times = 30, np.random.default_rng(0).integers(1, 4, 30)
    sizes, parameters, matrix, labels, soft = draw(n, [9], 5, 3, n_extra=4)
    at = np.concatenate([np.arange(n).repeat(times), np.arange(n, n + 4)])
    weights = times.astype(float)
    given = (matrix, labels, soft, 2.0, 0.4, 0.7, weights)
    one, gradient = network_gradient(sizes, parameters, *given)
    given = (matrix[at], labels.repeat(times), soft[at], 2.0, 0.4, 0.7)
    other, expected = network_gradient(sizes, parameters, *given)
    assert one == pytest.approx(other, rel=1e-6)
    np.testing.assert_allclose(gradient, expected, atol=1e-4)


def test_a_step_is_taken_along_the_weighted_mean():
    """One batch of all rows: weights of any size give the step that repeated rows give."""
    times = np.random.default_rng(0).integers(1, 4, 30)
    sizes, parameters, matrix, labels, soft = draw(30, [9], 5, 3)
    at, states, losses = np.arange(30).repeat(times), [], []
    steps = {"step": 0, "rate": 0.01, "decay": 0.1, "horizon": 9.0}
    for rows, weights in ((np.arange(30), times.astype(float)), (at, None)):
        state = np.zeros((4, len(parameters)), dtype=np.float32)
        state[[0, 3]] = parameters
        given = (matrix[rows], labels[rows], soft[rows], np.arange(len(rows)), 1.0, 0.5, 0.0)
        losses.append(
            network_epoch(sizes, state, *given, batch=len(rows), weights=weights, **steps)
        )
        states.append(state)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    np.testing.assert_allclose(states[0], states[1], atol=1e-4)
