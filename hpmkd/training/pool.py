"""Chooses a few students that are better together, by cross-validated predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.probabilities import SMALLEST, row_losses
from hpmkd.data.tables import take

if TYPE_CHECKING:
    from hpmkd.knowledge.fusion import FittedFusion
    from hpmkd.values import FloatArray, IntArray

#: Members at most.
MOST = 3
#: More rows do not change which members are taken.
MOST_ROWS = 20_000
#: Halvings of the interval of a new member's share: to 1e-6.
HALVINGS = 20
#: Folds into which rows of a single one are dealt.
FOLDS = 5

#: Fits a fuser on probabilities (M, n, K), labels (n,), their table and weights.
FitFuser = Callable[["FloatArray", "IntArray", Any, "FloatArray | None"], "FittedFusion"]


@dataclass(frozen=True)
class PoolChoice:
    """A pool of students, and how well pools that are chosen like it do.

    Parameters
    ----------
    names : tuple of str
        The members that ship, two or three, by what they add; chosen on all rows.
    fusion : FittedFusion
        Of the members' predictions, in this order; fitted on all rows.
    probabilities : ndarray of shape (n, K)
        Cross-fitted: those of each fold by members and weights chosen on the other folds.
    row_losses : ndarray of shape (n,)
        Log loss of these, in nats: what the pool competes with.
    """

    names: tuple[str, ...]
    fusion: FittedFusion
    probabilities: FloatArray
    row_losses: FloatArray


def choose_pool(
    predicted: Mapping[str, FloatArray],
    labels: IntArray,
    table: Any,
    folds: IntArray,
    fit: FitFuser,
    most: int = MOST,
    weights: FloatArray | None = None,
    gated: bool = True,
) -> PoolChoice | None:
    """Choose the members of a pool by greedy forward selection.

    The best candidate comes first; then, again and again, the one that a linear pool gains most
    by with the best share for it (Caruana et al. 2004, Ensemble selection from libraries of
    models), as long as the log likelihood rises by more than the one share costs (Akaike 1974).
    The fuser is fitted on the chosen ones alone. Of more than 20,000 rows a sample chooses.

    Parameters
    ----------
    predicted : mapping of str to ndarray of shape (n, K)
        Probabilities of the selection rows by candidates that had not seen them.
    labels : ndarray of shape (n,)
        Class codes.
    table : table of n rows
        For fusers that look at the rows.
    folds : ndarray of shape (n,)
        Number of each row's fold. Rows of a single fold are dealt into five.
    fit : callable
        Fits a fuser, e.g. ``partial(FittedFusion.fit, spec)``.
    most : int
        Members at most, >= 2.
    weights : ndarray of shape (n,), optional
        How much each row counts, > 0; without them all count the same.
    gated : bool
        False adds members up to `most` even where they add nothing.

    Returns
    -------
    PoolChoice or None
        None if no second candidate adds anything to the best, or there is none.

    Raises
    ------
    PluginError
        If the fuser fails.
    """
    names = list(predicted)
    every = np.arange(len(labels))
    likelihoods = np.column_stack(
        [np.maximum(each[every, labels], SMALLEST) for each in predicted.values()]
    )
    most = min(most, len(names))
    chosen = _greedy(likelihoods, most, weights, gated)
    if len(chosen) < 2:
        return None

    def stacked(members: list[int], rows: IntArray) -> FloatArray:
        return np.stack([predicted[names[at]][rows] for at in members])

    def fitted(members: list[int], rows: IntArray) -> FittedFusion:
        return fit(stacked(members, rows), labels[rows], take(table, rows), of(rows))

    def of(rows: IntArray) -> FloatArray | None:
        return None if weights is None else weights[rows]

    honest = np.empty(predicted[names[0]].shape)
    for others, held in _splits(folds):
        members = _greedy(likelihoods[others], most, of(others), gated)
        if len(members) < 2:
            honest[held] = predicted[names[members[0]]][held]
            continue
        fusion = fitted(members, others)
        honest[held] = fusion.soft_targets(stacked(members, held), take(table, held))
    return PoolChoice(
        names=tuple(names[at] for at in chosen),
        fusion=fitted(chosen, every),
        probabilities=honest,
        row_losses=row_losses(honest, labels),
    )


def _splits(folds: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield the other rows and the rows of each fold."""
    if (folds == folds[0]).all():
        folds = np.arange(len(folds)) % FOLDS
    for fold in np.unique(folds):
        yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


def _greedy(
    likelihoods: FloatArray, most: int, weights: FloatArray | None, gated: bool
) -> list[int]:
    """Return the columns of likelihoods (n, c) to take, the best first; rows may be weighted."""
    if len(likelihoods) > MOST_ROWS:
        rows = np.random.default_rng(0).choice(len(likelihoods), MOST_ROWS, replace=False)
        likelihoods, weights = likelihoods[rows], None if weights is None else weights[rows]
    means = np.average(np.log(likelihoods), axis=0, weights=weights)
    chosen = [int(means.argmax())]
    best, mixture = means[chosen[0]], likelihoods[:, chosen[0]]
    while len(chosen) < most:
        # One that is in already may gain a share, but is no new member.
        shares = _best_shares(likelihoods, mixture, weights)
        mixtures = mixture[:, None] + shares * (likelihoods - mixture[:, None])
        means = np.average(np.log(mixtures), axis=0, weights=weights)
        means[chosen] = -np.inf
        added = int(means.argmax())
        if gated and means[added] - best <= 1.0 / len(likelihoods):
            break
        chosen.append(added)
        best, mixture = means[added], mixtures[:, added]
    return chosen


def _best_shares(
    likelihoods: FloatArray, mixture: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """Return the share in [0, 1] that suits each candidate (c,) beside the others.

    The log likelihood is concave in the share: where its slope changes sign, by halving.
    """
    gained = likelihoods - mixture[:, None]
    low, high = np.zeros(gained.shape[1]), np.ones(gained.shape[1])
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        slopes = gained / (mixture[:, None] + middle * gained)
        rises = np.average(slopes, axis=0, weights=weights) > 0
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return low
