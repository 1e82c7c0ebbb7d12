"""Losses of trials here and outcomes elsewhere as one function, on one scale."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from hpmkd_defaults.samplers.hyperparameter_columns import HyperparameterColumns

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from hpmkd.contracts import Stage
    from hpmkd.values import FloatArray, Outcome, Trial

#: Outcomes of other data sets that are looked at: a Gaussian process takes time cubic in them.
MOST = 60
#: Outcomes of one of them, so that the nearest are several.
MOST_OF_A_SET = 15
#: Units above its stage's median that a loss counts as at most: how bad a bad point is does
#: not show where the good ones are.
FARTHEST = 3.0
#: The median absolute deviation of a normal distribution, in standard deviations.
OF_NORMAL = 0.6745
#: Nats: what differs by less is noise.
LEAST_UNIT = 1e-3


def of_trials(trials: Sequence[Trial]) -> FloatArray:
    """Return the losses of trials of this data set, less their median, in its unit.

    The unit is the spread within a stage, as it is on other data sets (:func:`of_outcomes`): a
    stage as such may be many units better than another. A failed trial counts as the worst of
    those that did not fail, at least one.
    """
    losses = np.array([trial.log_loss for trial in trials])
    worst = losses[np.isfinite(losses)].max()
    losses[~np.isfinite(losses)] = worst
    stages = [trial.configuration.stage for trial in trials]
    within, medians = _within(losses, stages)
    unit = _unit(losses, within)
    capped = medians + np.minimum(within, FARTHEST * unit)
    values: FloatArray = (capped - np.median(capped)) / unit
    return values


def of_outcomes(outcomes: Sequence[Outcome]) -> FloatArray:
    """Return regrets on other data sets, less their median on each of them, in its unit.

    A regret compares with others of its stage alone, so the median is that of the stage.
    """
    values = np.zeros(len(outcomes))
    for own in _by_set(outcomes).values():
        regrets = np.array([outcomes[at].regret for at in own])
        within, _ = _within(regrets, [outcomes[at].configuration.stage for at in own])
        unit = _unit(regrets, within)
        values[own] = np.minimum(within / unit, FARTHEST)
    return values


def worth_knowing(outcomes: Sequence[Outcome], stages: Mapping[str, Stage]) -> list[Outcome]:
    """Return outcomes of other data sets to learn from, those of the nearest sets first.

    Only points that the stages still draw. Of a data set that has many, some that are evenly
    spaced in the order of stage and regret: what is bad is worth knowing as well.
    """
    possible = [
        each
        for each in outcomes
        if np.isfinite(each.regret) and HyperparameterColumns.knows(stages, each.configuration)
    ]
    chosen: list[Outcome] = []
    for own in _by_set(possible).values():
        ranked = sorted(
            (possible[at] for at in own),
            key=lambda each: (each.configuration.stage, each.regret, repr(each.configuration.key)),
        )
        n = min(len(ranked), MOST_OF_A_SET)
        places = np.linspace(0, len(ranked) - 1, n).round().astype(int)
        chosen += [ranked[at] for at in places]
    return chosen[:MOST]


def _by_set(outcomes: Sequence[Outcome]) -> dict[Hashable, list[int]]:
    """Return the positions of the outcomes of each data set, in their order."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for at, each in enumerate(outcomes):
        found[each.facts.digest or each.facts].append(at)
    return found


def _within(losses: FloatArray, stages: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Return losses less the median of their stage, and that median."""
    medians = np.zeros(len(losses))
    names = np.array(stages)
    for name in dict.fromkeys(stages):
        medians[names == name] = np.median(losses[names == name])
    return losses - medians, medians


def _unit(losses: FloatArray, within: FloatArray) -> float:
    """Return the spread of losses within their stages, robust against bad points.

    Where most stages have a single loss it is not known: then it is a tenth of the whole spread.
    """
    spread = float(np.median(np.abs(within))) / OF_NORMAL
    return max(spread, float(losses.std()) / 10, LEAST_UNIT)
