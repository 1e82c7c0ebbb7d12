"""A Gaussian process over stage and softening: what a few trials predict of the others."""

from __future__ import annotations

import math
import warnings
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.values import Configuration, FloatArray, Trial

#: Standard deviations below the mean: 95 % of a normal distribution lies above the bound.
KAPPA = 1.645
ALPHA, EXTRA_WEIGHT = attrgetter("alpha"), attrgetter("extra_weight")


def most_promising(
    configurations: Sequence[Configuration], trials: Sequence[Trial]
) -> list[Configuration]:
    """Sort configurations by what a Gaussian process, fitted on trials, hopes of them.

    The criterion is the lower confidence bound of the log loss, mean - kappa × standard
    deviation (Cox & John 1992; Srinivas et al. 2010 on its regret). Expected improvement
    would leave out what has been tried already, and the best of it belongs to the most
    promising: it has been seen on a subset of the rows only.

    Parameters
    ----------
    configurations : sequence of Configuration
        What to sort; their hyperparameters are not looked at.
    trials : sequence of Trial
        What is known. A failed one counts as the worst of those that did not fail.

    Returns
    -------
    list of Configuration
        The most promising first; as they came, if no trial succeeded.
    """
    losses = np.array([trial.log_loss for trial in trials])
    succeeded = np.isfinite(losses)
    if not succeeded.any():
        return list(configurations)
    losses[~succeeded] = losses[succeeded].max()
    tried = [trial.configuration for trial in trials]
    bounds = lower_bounds(
        inputs(tried, configurations), losses, inputs(configurations, configurations)
    )
    return [configurations[at] for at in np.argsort(bounds, kind="stable")]


def lower_bounds(known: FloatArray, losses: FloatArray, candidates: FloatArray) -> FloatArray:
    """Return lower confidence bounds, of shape (m,), at the rows of `candidates`, of shape (m, d).

    A Matern kernel with nu = 5/2 and one length for all inputs, which are alike in scale;
    lengths and variances maximise the likelihood from one fixed start, so that the same
    trials give the same bounds.

    Parameters
    ----------
    known : ndarray of shape (n, d)
        Inputs of the trials.
    losses : ndarray of shape (n,)
        What they gave.
    candidates : ndarray of shape (m, d)
        Inputs to look at.
    """
    kernel = ConstantKernel() * Matern(nu=2.5) + WhiteKernel(0.1)
    process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    with warnings.catch_warnings():
        # With a handful of trials the likelihood is often flat: a length at the end of its
        # range means that an input does not matter.
        warnings.simplefilter("ignore")
        process.fit(known, losses)
        mean, deviation = process.predict(candidates, return_std=True)
    bounds: FloatArray = mean - KAPPA * deviation
    return bounds


def inputs(configurations: Sequence[Configuration], among: Sequence[Configuration]) -> FloatArray:
    """Return what the process sees of configurations, of shape (n, stages + 3).

    One column per stage that is `among` the choices, 1 for its own; then log T, alpha and the
    weight of rows without labels, each scaled to [0, 1] over the choices.
    """
    names = sorted({each.stage for each in among})
    stages = [[float(each.stage == name) for name in names] for each in configurations]
    softening = [
        scaled([*map(read, configurations)], [*map(read, among)])
        for read in (lambda each: math.log(each.temperature), ALPHA, EXTRA_WEIGHT)
    ]
    return np.column_stack([np.array(stages), *softening])


def scaled(values: Sequence[float], among: Sequence[float]) -> FloatArray:
    """Return values as shares of the range of the choices; 0 if there is only one choice."""
    low, width = min(among), max(among) - min(among)
    return (np.array(values) - low) / (width or 1.0)
