"""A Gaussian process's predictions for configurations: from a sample, or all that is known."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from hpmkd_defaults.samplers import known_losses
from hpmkd_defaults.samplers.hyperparameter_columns import HyperparameterColumns
from hpmkd_defaults.samplers.surrogate import KernelTerm, posterior

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.values import Configuration, DataFacts, FloatArray, Outcome, SearchSpace, Trial
    from hpmkd_defaults.samplers.surrogate import Groups, Posterior

#: A share of noise counts so much more than a power of ten of rows, as in the memory ``sqlite``.
NOISE = 4.0
ALIKE = ("softening", "share", "facts")
#: The kernel over all inputs: see :func:`by_all_that_is_known`.
TERMS = (
    KernelTerm(within="here"),
    KernelTerm(within="cost"),
    KernelTerm(ALIKE),
    KernelTerm(("hyperparameters", *ALIKE), within="stage"),
)


def by_the_sample(candidates: Sequence[Configuration], sample: Sequence[Trial]) -> Posterior | None:
    """Return what stage and softening of a sample predict of candidates; None if all failed.

    A Matern kernel over all of these inputs, with one length: they are alike in scale.
    """
    if not _successful(sample):
        return None
    tried = [trial.configuration for trial in sample]
    known, at = (
        {"all": np.hstack([_stages(each, candidates), _softening(each, candidates)])}
        for each in (tried, candidates)
    )
    return posterior([KernelTerm(("all",))], known, known_losses.of_trials(sample), at)


def by_all_that_is_known(
    space: SearchSpace,
    candidates: Sequence[Configuration],
    trials: Sequence[Trial],
    elsewhere: Sequence[Outcome],
) -> Posterior | None:
    """Return what trials here and outcomes elsewhere predict of candidates.

    The kernel is a sum of three: how good each stage is here (of other data sets only regrets
    within a stage are known); what a share of the rows costs; and a product over softening, share
    and data facts of what all stages have in common, or one of them at such hyperparameters:

        v0 [here, same stage] + v1 (1 - share)(1 - share')
        + (v2 + v3 [same stage] m(hyperparameters)) m(softening) m(share) m(facts)

    with m a Matern kernel of nu = 5/2 and a length of its own.

    Parameters
    ----------
    space : SearchSpace
        Whose stages draw the hyperparameters; its facts are of this data set.
    candidates : sequence of Configuration
        With the hyperparameters that they would be tried with.
    trials : sequence of Trial
        Of this data set, on all rows or on a share of them.
    elsewhere : sequence of Outcome
        Of other data sets, see :func:`known_losses.worth_knowing`.

    Returns
    -------
    Posterior or None
        None if no trial succeeded.
    """
    if not _successful(trials):
        return None
    here = [(trial.configuration, space.facts) for trial in trials]
    other = [(outcome.configuration, outcome.facts) for outcome in elsewhere]
    asked = [(each, space.facts) for each in candidates]
    of_points = HyperparameterColumns(space.stages, [each for each, _ in [*asked, *here, *other]])

    def groups(points: Sequence[tuple[Configuration, DataFacts | None]], own: bool) -> Groups:
        configurations = [each for each, _ in points]
        stages = _stages(configurations, candidates)
        shares = np.array([each.share for each in configurations]).reshape(-1, 1)
        return {
            "here": stages * own,
            "cost": 1 - shares,
            "stage": stages,
            "hyperparameters": of_points(configurations),
            "softening": _softening(configurations, candidates),
            "share": shares,
            "facts": _facts([facts for _, facts in points], space.facts),
        }

    of_here, of_others = groups(here, True), groups(other, False)
    known = {name: np.vstack([of_here[name], of_others[name]]) for name in of_here}
    losses = [known_losses.of_trials(trials), known_losses.of_outcomes(elsewhere)]
    return posterior(TERMS, known, np.concatenate(losses), groups(asked, True))


def _successful(trials: Sequence[Trial]) -> bool:
    return any(trial.failure is None for trial in trials)


def _stages(configurations: Sequence[Configuration], among: Sequence[Configuration]) -> FloatArray:
    """Return a column per stage that is among the choices, 1 for its own."""
    names = sorted({each.stage for each in among})
    own = [[float(each.stage == name) for name in names] for each in configurations]
    return np.array(own).reshape(-1, len(names))


def _softening(
    configurations: Sequence[Configuration], among: Sequence[Configuration]
) -> FloatArray:
    """Return log T, alpha and the weight of rows without labels, in [0, 1] over the choices."""
    columns = [
        _scaled([*map(read, configurations)], [*map(read, among)])
        for read in (
            lambda each: math.log(each.temperature) if each.alpha > 0 else 0.0,
            attrgetter("alpha"),
            attrgetter("extra_weight"),
        )
    ]
    return np.column_stack(columns)


def _scaled(values: Sequence[float], among: Sequence[float]) -> FloatArray:
    """Return values as shares of the range of the choices; 0 if there is only one choice."""
    low, width = min(among), max(among) - min(among)
    return (np.array(values) - low) / width if width else np.zeros(len(values))


def _facts(facts: Sequence[DataFacts | None], own: DataFacts | None) -> FloatArray:
    """Return how data sets differ from this one; what is not known of either is the same.

    In powers of ten of rows, columns and classes, in balance, and in noise.
    """
    zero = np.zeros(5)
    return np.array([_unlike(each, own) if each and own else zero for each in facts]).reshape(-1, 5)


def _unlike(one: DataFacts, other: DataFacts) -> FloatArray:
    known = one.noise is not None and other.noise is not None
    return np.array(
        [
            math.log10(one.n_rows / other.n_rows),
            math.log10(one.n_columns / other.n_columns),
            math.log10(one.n_classes / other.n_classes),
            one.balance - other.balance,
            NOISE * ((one.noise or 0.0) - (other.noise or 0.0)) if known else 0.0,
        ]
    )
