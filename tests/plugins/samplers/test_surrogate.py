"""The Gaussian process: a kernel of several terms, its fit, and what it expects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from hpmkd_defaults.samplers import surrogate
from hpmkd_defaults.samplers.surrogate import KernelTerm, posterior

TERMS = [
    KernelTerm(within="kind"),
    KernelTerm(("place",)),
    KernelTerm(("place", "more"), within="kind"),
]


def points(n, seed=0):
    rng = np.random.default_rng(seed)
    kinds = np.eye(2)[rng.integers(2, size=n)]
    return {"kind": kinds, "place": rng.random((n, 2)), "more": rng.random((n, 3))}


def values(given):
    return np.sin(4 * given["place"][:, 0]) + given["kind"][:, 0]


@pytest.fixture
def objective(monkeypatch):
    """The function that is minimised in a fit, and where the fit begins."""
    caught = {}

    def caught_minimise(function, start, **more):
        caught["f"], caught["x"] = function, start
        return minimise(function, start, **more)

    minimise = surrogate.minimize
    monkeypatch.setattr(surrogate, "minimize", caught_minimise)
    posterior(TERMS, points(12), values(points(12)), points(3))
    return caught["f"], caught["x"]


def test_slopes_are_those_of_the_density(objective):
    function, start = objective
    for parameters in (start, start + np.linspace(-0.5, 0.5, len(start))):
        _, slopes = function(parameters)
        expected = approx_fprime(parameters, lambda at: function(at)[0], 1e-6)
        assert slopes == pytest.approx(expected, abs=1e-3)


def test_it_is_the_process_of_the_library():
    """With one Matern term: the same mean and covariance at the same variances and length."""
    known, at = points(15), points(6, seed=1)
    losses = values(known)
    pairs = surrogate._Pairs([KernelTerm(("place",))], known, known)
    variance, noise, length = np.exp(surrogate._fitted(pairs, losses))
    kernel = ConstantKernel(variance) * Matern(length, nu=2.5) + WhiteKernel(noise)
    library = GaussianProcessRegressor(kernel, optimizer=None).fit(known["place"], losses)
    mean, covariance = library.predict(at["place"], return_cov=True)
    own = posterior([KernelTerm(("place",))], known, losses, at)
    assert own.mean == pytest.approx(mean, abs=1e-5)
    assert own.covariance + own.noise * np.eye(6) == pytest.approx(covariance, abs=1e-5)


def test_what_is_known_is_expected_and_the_unknown_is_uncertain():
    known = points(40)
    far = {name: each[:1] + (name != "kind") * 9.0 for name, each in known.items()}
    near, away = (posterior(TERMS, known, values(known), each) for each in (known, far))
    assert np.abs(near.mean - values(known)).mean() < 0.1
    assert away.covariance[0, 0] > 4 * np.diag(near.covariance).max()


def test_indicators_keep_kinds_apart():
    """What one kind shows changes nothing of the other, without a term of both."""
    known = points(30)
    one = np.array([[1.0, 0.0]])
    known["kind"] = np.repeat(one, 30, axis=0)
    other = {**{name: each[:1] for name, each in points(1).items()}, "kind": one[:, ::-1]}
    found = posterior([KernelTerm(("place",), within="kind")], known, values(known) + 5, other)
    assert found.mean[0] == 0


def test_no_columns_are_no_difference():
    known = {**points(10), "more": np.zeros((10, 0))}
    found = posterior(TERMS, known, values(known), known)
    assert np.isfinite(found.mean).all()


@pytest.mark.parametrize("n", [1, 2])
def test_a_loss_or_two_are_enough(n):
    found = posterior(TERMS, points(n), values(points(n)), points(4, seed=1))
    assert np.isfinite(found.mean).all()
    assert (np.diag(found.covariance) >= 0).all()


def test_equal_points_do_no_harm():
    known = {name: np.repeat(each, 20, axis=0) for name, each in points(1).items()}
    found = posterior(TERMS, known, np.linspace(-1, 1, 20), known)
    assert np.isfinite(found.mean).all()
