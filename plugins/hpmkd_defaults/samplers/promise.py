"""Selects a batch of promising and different configurations by confidence bounds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpmkd.values import Configuration
    from hpmkd_defaults.samplers.surrogate import Posterior

#: Standard deviations below the mean: 95 % of a normal distribution lies above the bound.
KAPPA = 1.645


class Promise:
    """Takes the most promising of some configurations, one after the other.

    The criterion is the lower confidence bound of the loss, mean - kappa × standard deviation
    (Cox & John 1992; Srinivas et al. 2010 on its regret). What was taken counts as tried, with
    the mean as its result: the means stay as they are, the deviations of all that is like it
    shrink (GP-BUCB, Desautels, Krause & Burdick 2014; with another criterion the "kriging
    believer" of Ginsbourger, Le Riche & Carraro 2010). So those taken together are as different
    as their promise allows. Expected improvement would leave out what has been tried already,
    and the best of it belongs to the most promising: it has been seen on a subset of the rows.

    Parameters
    ----------
    configurations : sequence of Configuration
        What is ranked.
    expected : Posterior or None
        What is expected of each; None if nothing is known: then they are taken in their order.
    """

    def __init__(self, configurations: Sequence[Configuration], expected: Posterior | None) -> None:
        self._places = {each.key: at for at, each in enumerate(configurations)}
        self._expected = expected
        if expected is not None:
            self._covariance = expected.covariance.copy()

    def take(self, among: Collection[Configuration]) -> Configuration:
        """Return the most promising of some of them; from now on it counts as tried."""
        if self._expected is None:
            return next(iter(among))
        deviations = np.sqrt(np.maximum(0.0, np.diag(self._covariance)))
        bounds = self._expected.mean - KAPPA * deviations
        best = min(among, key=lambda each: float(bounds[self._places[each.key]]))
        at = self._places[best.key]
        column = self._covariance[:, at].copy()
        self._covariance -= np.outer(column, column) / (column[at] + self._expected.noise)
        return best
