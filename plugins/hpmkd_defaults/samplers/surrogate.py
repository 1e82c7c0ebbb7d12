"""A Gaussian process over groups of inputs: known points predict the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from hpmkd.values import FloatArray

#: Columns by what they tell, each group of shape (n, d).
Groups = Mapping[str, "FloatArray"]

#: Iterations of L-BFGS on lengths and variances: more change no ranking.
ITERATIONS = 20
#: Logarithms of what is fitted, a priori normal: a handful of losses leaves them nearly free.
VARIANCE, NOISE, LENGTH = (0.0, 2.0), (math.log(0.3), 1.5), (0.0, 1.0)
#: Standard deviations of these that the fit goes at most.
FARTHEST = 3.0
#: Share of the variance that is added to the diagonal: equal points make it singular.
JITTER = 1e-8


@dataclass(frozen=True)
class KernelTerm:
    """A part of a kernel: variance × inner product × Matern kernels.

    Parameters
    ----------
    along : tuple of str
        Groups of inputs, with a Matern kernel (nu = 5/2) each; its length is that of the group
        in all terms.
    within : str, optional
        Group of inputs whose inner product is a factor: of indicators it is 1 for two points of
        one kind, and 0 for others.
    """

    along: tuple[str, ...] = ()
    within: str | None = None


@dataclass(frozen=True)
class Posterior:
    """The predictions of a Gaussian process for some candidates.

    Parameters
    ----------
    mean : ndarray of shape (m,)
        Expected losses.
    covariance : ndarray of shape (m, m)
        Of the losses, without the noise of a trial.
    noise : float
        Variance of a trial around them.
    """

    mean: FloatArray
    covariance: FloatArray
    noise: float


def posterior(
    terms: Sequence[KernelTerm], known: Groups, losses: FloatArray, at: Groups
) -> Posterior:
    """Fit variances and lengths to losses, and return what is expected elsewhere.

    They maximise the posterior density from one fixed start, so that the same losses give the
    same answer. The library's process (``GaussianProcessRegressor``) takes five times as long
    for a kernel of so many parts, and a search fits two dozen of them.

    Parameters
    ----------
    terms : sequence of KernelTerm
        Their sum is the kernel; noise is added.
    known : mapping of str to ndarray of shape (n, d)
        Inputs with a known loss, by group.
    losses : ndarray of shape (n,)
        These losses, around 0.
    at : mapping of str to ndarray of shape (m, d)
        Inputs to look at.
    """
    own = _Pairs(terms, known, known)
    fitted = _fitted(own, losses)
    across = _Pairs(terms, known, at).kernel(fitted)
    factor = own.factor(own.parts(fitted), fitted)
    explained = across.T @ cho_solve(factor, across)
    mean: FloatArray = across.T @ cho_solve(factor, losses)
    return Posterior(mean, _Pairs(terms, at, at).kernel(fitted) - explained, own.noise(fitted))


class _Pairs:
    """Pairs of points: what does not change with variances and lengths.

    The parameters are logarithms: of the variance of each term, of the noise, of each length.
    """

    def __init__(self, terms: Sequence[KernelTerm], one: Groups, other: Groups) -> None:
        self.terms = terms
        self.names = list(dict.fromkeys(name for term in terms for name in term.along))
        self._distances = {
            name: math.sqrt(5) * cdist(one[name], other[name])
            if one[name].shape[1]
            else np.zeros((len(one[name]), len(other[name])))
            for name in self.names
        }
        self._products = [
            None if term.within is None else one[term.within] @ other[term.within].T
            for term in terms
        ]

    def noise(self, parameters: FloatArray) -> float:
        return math.exp(parameters[len(self.terms)])

    def factor(
        self, parts: Sequence[FloatArray], parameters: FloatArray
    ) -> tuple[FloatArray, bool]:
        """Return the Cholesky factor of the kernel with the noise on its diagonal."""
        kernel = np.sum(parts, axis=0)
        n = len(kernel)
        kernel[np.diag_indices(n)] += self.noise(parameters) + JITTER * np.trace(kernel) / n
        factor: tuple[FloatArray, bool] = cho_factor(kernel, lower=True)
        return factor

    def kernel(self, parameters: FloatArray) -> FloatArray:
        total: FloatArray = np.sum(self.parts(parameters), axis=0)
        return total

    def parts(self, parameters: FloatArray) -> list[FloatArray]:
        """Return the value of each term."""
        materns = self._materns(parameters)
        parts = []
        for term, product, variance in zip(self.terms, self._products, parameters, strict=False):
            part = np.full_like(self._any(), math.exp(variance))
            if product is not None:
                part *= product
            for name in term.along:
                part *= materns[name]
            parts.append(part)
        return parts

    def slopes(self, parameters: FloatArray) -> dict[str, FloatArray]:
        """Return by group the derivative of the logarithm of its Matern kernel, by log length."""
        scaled = self._scaled(parameters)
        return {r_of: r * r * (1 + r) / (3 + 3 * r + r * r) for r_of, r in scaled.items()}

    def _materns(self, parameters: FloatArray) -> dict[str, FloatArray]:
        scaled = self._scaled(parameters)
        return {name: (1 + r + r * r / 3) * np.exp(-r) for name, r in scaled.items()}

    def _scaled(self, parameters: FloatArray) -> dict[str, FloatArray]:
        lengths = np.exp(parameters[len(self.terms) + 1 :])
        return {
            name: self._distances[name] / length
            for name, length in zip(self.names, lengths, strict=True)
        }

    def _any(self) -> FloatArray:
        return next(iter(self._distances.values()))


def _fitted(pairs: _Pairs, losses: FloatArray) -> FloatArray:
    """Return the parameters of the highest posterior density."""
    n_terms, n = len(pairs.terms), len(losses)
    priors = np.array([VARIANCE] * n_terms + [NOISE] + [LENGTH] * len(pairs.names))
    centres, widths = priors.T

    def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
        parts = pairs.parts(parameters)
        factor = pairs.factor(parts, parameters)
        weights = cho_solve(factor, losses)
        away = (parameters - centres) / widths
        value = losses @ weights / 2 + np.log(np.diag(factor[0])).sum() + away @ away / 2
        pull = cho_solve(factor, np.eye(n)) - np.outer(weights, weights)
        pulls = [pull * part for part in parts]
        slopes = pairs.slopes(parameters)
        by_length = [
            sum(
                float(np.vdot(part, slopes[name]))
                for term, part in zip(pairs.terms, pulls, strict=True)
                if name in term.along
            )
            for name in pairs.names
        ]
        by_variance = [float(part.sum()) for part in pulls]
        by_noise = pairs.noise(parameters) * float(np.trace(pull))
        gradient = np.array([*by_variance, by_noise, *by_length]) / 2 + away / widths
        return float(value), gradient

    found = minimize(
        objective,
        centres,
        jac=True,
        method="L-BFGS-B",
        bounds=np.column_stack([centres - FARTHEST * widths, centres + FARTHEST * widths]),
        options={"maxiter": ITERATIONS},
    )
    fitted: FloatArray = found.x
    return fitted
