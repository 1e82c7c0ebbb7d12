"""The distillation loss, its gradient and its hessian."""

import numpy as np
import pytest

from hpmkd.kernels import _jit, distillation_loss, soften
from tests.kernels import reference

CASES = [(1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (3.0, 0.0), (3.0, 0.4), (3.0, 1.0), (0.5, 0.7)]


def draw(n, k, temperature=1.0, seed=0):
    rng = np.random.default_rng(seed)
    margins, labels = rng.normal(0, 3, (n, k)), rng.integers(0, k, n)
    return margins, labels, soften(rng.dirichlet(np.full(k, 0.5), n), temperature)


def single(n, temperature=1.0, seed=0):
    margins, labels, targets = draw(n, 2, temperature, seed)
    return margins[:, 1] - margins[:, 0], labels, np.ascontiguousarray(targets[:, 1])


@pytest.mark.parametrize(("temperature", "alpha"), CASES)
@pytest.mark.parametrize("k", [None, 2, 3, 4, 26, 3000])
def test_equals_its_twin(k, temperature, alpha):
    n = 2 if k == 3000 else 2500
    arguments = single(n, temperature) if k is None else draw(n, k, temperature)
    results = distillation_loss(*arguments, temperature, alpha)
    twins = reference.distillation_loss(*arguments, temperature, alpha)
    for result, twin in zip(results, twins, strict=True):
        np.testing.assert_allclose(result, twin, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(("temperature", "alpha"), CASES)
@pytest.mark.parametrize("k", [None, 2, 5])
def test_python_function_equals_the_compiled(k, temperature, alpha):
    margins, labels, targets = single(5, temperature) if k is None else draw(5, k, temperature)
    gradient, hessian = np.empty(margins.size), np.empty(margins.size)
    flat = (margins.reshape(-1), labels, targets.reshape(-1))
    total, bad = _jit.distillation_loss.py_func(
        *flat, temperature, alpha, np.empty(0), gradient, hessian
    )
    assert bad == -1
    loss, expected_gradient, expected_hessian = distillation_loss(
        margins, labels, targets, temperature, alpha
    )
    assert total / 5 == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(gradient, expected_gradient.reshape(-1), rtol=1e-14)
    np.testing.assert_allclose(hessian, expected_hessian.reshape(-1), rtol=1e-14)


@pytest.mark.parametrize("k", [2, 4])
def test_python_helpers_equal_the_compiled(k):
    margins, labels, targets = draw(6, k)
    columns = margins.reshape(-1), labels, targets.reshape(-1)
    results = []
    for function in (_jit._cross_entropy, _jit._cross_entropy.py_func):
        gradient, hessian = np.zeros(6 * k), np.zeros(6 * k)
        work = (np.empty(6 * k), np.empty(6 * k), np.empty(6), np.empty(6))
        loss, bad = function(*columns, 0.4, 0.5, 1.5, np.empty(0), work, gradient, hessian)
        results.append(np.concatenate([[loss, bad], gradient, hessian]))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(("temperature", "alpha"), CASES)
@pytest.mark.parametrize("k", [None, 2, 4])
def test_derivatives_are_those_of_the_loss(k, temperature, alpha):
    n, step = 6, 1e-5
    margins, labels, targets = single(n, temperature) if k is None else draw(n, k, temperature)
    _, gradient, hessian = distillation_loss(margins, labels, targets, temperature, alpha)
    for index in np.ndindex(margins.shape):
        ends = []
        for sign in (1, -1):
            moved = margins.copy()
            moved[index] += sign * step
            ends.append(distillation_loss(moved, labels, targets, temperature, alpha))
        slope = n * (ends[0][0] - ends[1][0]) / (2 * step)
        curve = (ends[0][1][index] - ends[1][1][index]) / (2 * step)
        assert gradient[index] == pytest.approx(slope, rel=1e-6, abs=1e-8)
        assert hessian[index] == pytest.approx(curve, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("temperature", "alpha"), CASES)
def test_one_margin_equals_two(temperature, alpha):
    margins, labels, targets = draw(3000, 2, temperature)
    table = distillation_loss(margins, labels, targets, temperature, alpha)
    difference = margins[:, 1] - margins[:, 0]
    for p in (targets, targets[:, 1]):
        loss, gradient, hessian = distillation_loss(difference, labels, p, temperature, alpha)
        assert loss == pytest.approx(table[0], rel=1e-13)
        np.testing.assert_allclose(gradient, table[1][:, 1], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(hessian, table[2][:, 1], rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize(("temperature", "alpha"), CASES)
def test_margins_of_any_size_stay_finite(temperature, alpha):
    p = np.array([[0.3, 0.7], [0.0, 1.0], [1.0, 0.0]])
    for z in (np.array([[1e4, -1e4]] * 3), np.array([-1e4, 1e4, 1e4])):
        loss, gradient, hessian = distillation_loss(z, [1, 1, 0], p, temperature, alpha)
        twin = reference.distillation_loss(z, np.array([1, 1, 0]), p, temperature, alpha)
        assert np.isfinite(loss)
        assert loss == pytest.approx(twin[0], rel=1e-13)
        np.testing.assert_allclose(gradient, twin[1], rtol=1e-13, atol=1e-300)
        np.testing.assert_allclose(hessian, twin[2], rtol=1e-13, atol=1e-300)


def test_confident_single_margins_keep_their_digits():
    z = np.array([40.0, -40.0])
    _, gradient, hessian = distillation_loss(z, [1, 0], [1.0, 0.0], 1.0, 0.5)
    np.testing.assert_allclose(np.abs(gradient), np.exp(-40.0), rtol=1e-14)
    np.testing.assert_allclose(hessian, np.exp(-40.0), rtol=1e-14)


def test_gradient_rows_sum_to_zero():
    _, gradient, hessian = distillation_loss(*draw(500, 7, 2.0), 2.0, 0.3)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-14)
    assert (hessian >= 0).all()


def test_minus_infinity_is_fine_where_no_target_has_mass():
    loss, gradient, hessian = distillation_loss(
        [[-np.inf, 0.0, 1.0]], [1], [[0.0, 0.5, 0.5]], 2.0, 0.5
    )
    assert np.isfinite(loss)
    assert gradient[0, 0] == hessian[0, 0] == 0
    with pytest.raises(ValueError, match="row 0 "):
        distillation_loss([[-np.inf, 0.0, 1.0]], [0], [[0.0, 0.5, 0.5]], 2.0, 0.5)


def test_labels_are_not_read_at_alpha_one_nor_targets_at_zero():
    margins, labels, targets = draw(5, 3, 2.0)
    assert np.isfinite(distillation_loss(margins, np.full(5, -1), targets, 2.0, 1.0)[0])
    assert np.isfinite(distillation_loss(margins, labels, targets * np.nan, 2.0, 0.0)[0])
    z, y, p = single(5, 2.0)
    assert np.isfinite(distillation_loss(z, np.full(5, -1), p, 2.0, 1.0)[0])
    assert np.isfinite(distillation_loss(z, y, p * np.nan, 2.0, 0.0)[0])


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_no_rows(shape):
    loss, gradient, hessian = distillation_loss(np.empty(shape), [], np.empty(shape), 2.0, 0.5)
    assert (loss, gradient.shape, hessian.shape) == (0.0, shape, shape)


def test_buffers_are_filled_and_returned():
    arguments = draw(300, 4)
    _, gradient, hessian = distillation_loss(*arguments, 1.0, 0.5)
    out = (np.full((300, 4), np.nan), np.full((300, 4), np.nan))
    _, *results = distillation_loss(*arguments, 1.0, 0.5, out=out)
    assert results[0] is out[0]
    assert results[1] is out[1]
    np.testing.assert_array_equal(out, [gradient, hessian])


@pytest.mark.parametrize(
    "buffer",
    [
        np.empty((300, 3)),
        np.empty((300, 4), np.float32),
        np.asfortranarray(np.empty((300, 4))),
        np.broadcast_to(0.0, (300, 4)),
    ],
)
def test_unusable_buffers_are_refused(buffer):
    with pytest.raises(ValueError, match="hessian"):
        distillation_loss(*draw(300, 4), 1.0, 0.5, out=(np.empty((300, 4)), buffer))


def test_inputs_of_every_kind_share_one_signature():
    z, y, p = draw(30, 4)
    z, p = z.astype(np.float32), np.float32(p)
    expected = distillation_loss(z.astype(np.float64), y, p.astype(np.float64), 2.0, 0.5)
    locked = z.copy()
    locked.flags.writeable = False
    for same in (z, locked, np.asfortranarray(z), np.repeat(z, 2, axis=1)[:, ::2], z.tolist()):
        for codes in (y, y.astype(np.uint8), y.tolist()):
            result = distillation_loss(same, codes, p, 2, 0.5)
            np.testing.assert_array_equal(result[1], expected[1])
    distillation_loss(z[:, 0], y > 0, np.abs(p[:, 0]), 2, 1)
    assert len(_jit.distillation_loss.signatures) == 1


@pytest.mark.parametrize("alpha", [0.3, 1.0])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("make", [single, lambda n, t: draw(n, 2, t)])
@pytest.mark.parametrize("which", [0, 2])
def test_unusable_rows_are_named(make, which, value, alpha):
    arguments = [np.array(values) for values in make(3000, 2.0)]
    arguments[which][2049] = value
    with pytest.raises(ValueError, match="row 2049 "):
        distillation_loss(*arguments, 2.0, alpha)


@pytest.mark.parametrize("make", [single, lambda n: draw(n, 2)])
@pytest.mark.parametrize("label", [-1, 2])
def test_unknown_labels_are_named(make, label):
    margins, labels, targets = make(3000)
    labels[2049] = label
    with pytest.raises(ValueError, match="row 2049 "):
        distillation_loss(margins, labels, targets, 1.0, 0.5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"margins": np.zeros((4, 1))}, "margins"),
        ({"soft_targets": np.full((4, 2), 0.5)}, "soft_targets"),
        ({"labels": [0, 1, 2]}, "labels"),
        ({"labels": [0.0, 1.0, 2.0, 0.0]}, "labels"),
        ({"temperature": 0.0}, "temperature"),
        ({"alpha": 1.5}, "alpha"),
        ({"alpha": np.nan}, "alpha"),
    ],
)
def test_unusable_arguments_are_refused(changes, message):
    arguments = {
        "margins": np.zeros((4, 3)),
        "labels": [0, 1, 2, 0],
        "soft_targets": np.full((4, 3), 1 / 3),
        "temperature": 1.0,
        "alpha": 0.5,
    }
    with pytest.raises(ValueError, match=message):
        distillation_loss(**(arguments | changes))


@pytest.mark.parametrize("make", [single, lambda n, t: draw(n, 4, t), lambda n, t: draw(n, 26, t)])
def test_bits_do_not_depend_on_the_batch(make):
    z, y, p = make(3000, 2.0)
    _, gradient, hessian = distillation_loss(z, y, p, 2.0, 0.5)
    for part in (slice(0, 1), slice(1023, 1024), slice(5, 2901)):
        _, *results = distillation_loss(z[part], y[part], p[part], 2.0, 0.5)
        np.testing.assert_array_equal(results, [gradient[part], hessian[part]])
