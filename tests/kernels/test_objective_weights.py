"""Weights of rows in the distillation loss."""

import numpy as np
import pytest

from hpmkd.kernels import _jit, distillation_loss, soften
from tests.kernels import reference

CASES = [(1.0, 0.5), (1.0, 1.0), (3.0, 0.4), (3.0, 1.0)]


def draw(n, k, temperature=1.0):
    """Return margins, labels, softened targets and weights; k is None: one margin."""
    rng = np.random.default_rng(0)
    margins, labels = rng.normal(0, 3, (n, k or 2)), rng.integers(0, k or 2, n)
    targets = soften(rng.dirichlet(np.full(k or 2, 0.5), n), temperature)
    if k is None:
        margins, targets = margins[:, 1] - margins[:, 0], targets[:, 1].copy()
    return margins, labels, targets, rng.integers(0, 4, n) / 2.0


@pytest.mark.parametrize(("temperature", "alpha"), CASES)
@pytest.mark.parametrize("k", [None, 2, 3, 4, 26])
def test_equals_its_twin(k, temperature, alpha):
    *arguments, weights = draw(2500, k, temperature)
    results = distillation_loss(*arguments, temperature, alpha, weights=weights)
    twins = reference.distillation_loss(*arguments, temperature, alpha, weights)
    for result, twin in zip(results, twins, strict=True):
        np.testing.assert_allclose(result, twin, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("k", [None, 2, 5])
def test_a_weight_is_a_number_of_copies(k):
    *arguments, weights = draw(40, k)
    copies = (2 * weights).astype(int)
    loss, *_ = distillation_loss(*arguments, 1.0, 0.5, weights=2 * weights)
    repeated = [np.repeat(values, copies, axis=0) for values in arguments]
    assert loss == pytest.approx(distillation_loss(*repeated, 1.0, 0.5)[0], rel=1e-13)


@pytest.mark.parametrize("k", [None, 5])
def test_weights_of_one_change_no_bit_of_the_derivatives(k):
    *arguments, _ = draw(3000, k)
    plain = distillation_loss(*arguments, 1.0, 0.5)
    ones = distillation_loss(*arguments, 1.0, 0.5, weights=np.ones(3000))
    assert plain[0] == pytest.approx(ones[0], rel=1e-14)
    np.testing.assert_array_equal(plain[1:], ones[1:])


@pytest.mark.parametrize("k", [None, 5])
def test_python_function_equals_the_compiled(k):
    margins, labels, targets, weights = draw(5, k)
    gradient, hessian = np.empty(margins.size), np.empty(margins.size)
    flat = (margins.reshape(-1), labels, targets.reshape(-1))
    total, _ = _jit.distillation_loss.py_func(*flat, 1.0, 0.5, weights, gradient, hessian)
    result = distillation_loss(margins, labels, targets, 1.0, 0.5, weights=weights)
    assert total / weights.sum() == pytest.approx(result[0], rel=1e-14)
    np.testing.assert_allclose(gradient, result[1].reshape(-1), rtol=1e-14)
    np.testing.assert_allclose(hessian, result[2].reshape(-1), rtol=1e-14)


@pytest.mark.parametrize("k", [None, 3])
@pytest.mark.parametrize("n", [0, 7])
def test_no_weight_at_all_is_no_loss(n, k):
    *arguments, _ = draw(n, k)
    loss, gradient, hessian = distillation_loss(*arguments, 1.0, 0.5, weights=np.zeros(n))
    assert loss == 0.0
    assert not gradient.any()
    assert not hessian.any()


@pytest.mark.parametrize("k", [None, 3])
def test_a_row_without_weight_must_still_be_usable(k):
    margins, labels, targets, weights = draw(9, k)
    margins[5], weights[5] = np.nan, 0.0
    with pytest.raises(ValueError, match="row 5 "):
        distillation_loss(margins, labels, targets, 1.0, 0.5, weights=weights)


@pytest.mark.parametrize("weights", [[1.0], [1, 1, -1], [1, 1, np.nan], [1, 1, np.inf], np.eye(3)])
def test_unusable_weights_are_refused(weights):
    *arguments, _ = draw(3, 4)
    with pytest.raises(ValueError, match="weights"):
        distillation_loss(*arguments, 1.0, 0.5, weights=weights)


def test_weights_do_not_make_a_second_signature():
    *arguments, weights = draw(30, 4)
    distillation_loss(*arguments, 1.0, 0.5)
    distillation_loss(*arguments, 1.0, 0.5, weights=weights.astype(np.float32))
    assert len(_jit.distillation_loss.signatures) == 1
