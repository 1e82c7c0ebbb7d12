"""What choosing among more candidates gains, over repeated selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.evaluation.gates import LossComparison

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hpmkd.values import FloatArray

    BoolArray = NDArray[np.bool_]

RESAMPLES = 200
#: Cells of the resamples that are drawn at a time: each takes some 24 bytes.
CELLS_AT_ONCE = 1_000_000
#: More rows do not change what is concluded: a sample of them chooses.
MOST_ROWS = 200_000


def repeated_gain(
    row_losses: FloatArray, hard: BoolArray, seed: int, weights: FloatArray | None = None
) -> LossComparison:
    """Return what choosing among all candidates gains over choosing among the hard ones.

    A choice is as uncertain as the rows that make it, and the least of many losses is lucky. So
    the choice is repeated on 200 bootstrap samples of the selection rows, and each is judged on
    the rows outside its sample, as the leave-one-out bootstrap judges a prediction rule (Efron
    and Tibshirani 1997, Improvements on cross-validation: the .632+ bootstrap method).

    Parameters
    ----------
    row_losses : ndarray of shape (c, n)
        Loss of each candidate on each of n ≥ 1 selection rows, by the metric of the run, finite; of
        more than 200,000 rows a sample chooses.
    hard : ndarray of shape (c,)
        Which candidates learned hard labels alone. In a tie these are chosen.
    seed : int
        Of the resampling.
    weights : ndarray of shape (n,), optional
        How much each row counts wherever it is drawn, > 0; without them all count the same.

    Returns
    -------
    LossComparison
        The gain is the mean over the samples of the loss of the chosen hard candidate minus that
        of the chosen one; the standard error of it **over repeated selection** is the standard
        deviation over the samples. Both are 0 where all candidates are hard, or none is; the
        error is infinite where the rows are too few for two samples to leave any out.

    Raises
    ------
    ValueError
        If the shapes do not match, or a loss is not finite.
    """
    losses, marks = np.asarray(row_losses, dtype=np.float64), np.asarray(hard, dtype=bool)
    if losses.ndim != 2 or losses.shape[1] == 0 or marks.shape != losses.shape[:1]:
        raise ValueError(
            f"got losses of shape {losses.shape} and {marks.size} marks of hard candidates; "
            "expected (c, n ≥ 1), and one mark for each of the c candidates"
        )
    if not np.isfinite(losses).all():
        raise ValueError("losses must be finite: leave out candidates that failed")
    if marks.all() or not marks.any():
        return LossComparison(0.0, 0.0)
    rng = np.random.default_rng(seed)
    if losses.shape[1] > MOST_ROWS:
        rows = rng.choice(losses.shape[1], MOST_ROWS, replace=False)
        losses, weights = losses[:, rows], None if weights is None else weights[rows]
    gains = np.concatenate([*_gains(losses, marks, rng, weights)])
    if len(gains) < 2:
        return LossComparison(0.0, float("inf"))
    return LossComparison(float(gains.mean()), float(gains.std(ddof=1)))


def _gains(
    losses: FloatArray, hard: BoolArray, rng: np.random.Generator, weights: FloatArray | None
) -> Iterator[FloatArray]:
    """Yield the gains of blocks of resamples; one that leaves no row out is left out."""
    # The hard ones first: argmin takes the first of equal losses.
    ordered, n, n_hard = np.concatenate([losses[hard], losses[~hard]]), losses.shape[1], hard.sum()
    at_once = max(1, CELLS_AT_ONCE // max(1, n))
    for first in range(0, RESAMPLES, at_once):
        size = min(at_once, RESAMPLES - first)
        drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        outside = counts == 0
        counts, outside = (each[outside.any(axis=1)] for each in (counts, outside))
        drawn_as, left = counts.astype(np.float64), outside.astype(np.float64)
        if weights is not None:
            drawn_as, left = drawn_as * weights, left * weights
        in_bag = drawn_as @ ordered.T
        left_out = left @ ordered.T / left.sum(axis=1, keepdims=True)
        rows, control = np.arange(len(in_bag)), in_bag[:, :n_hard].argmin(axis=1)
        yield left_out[rows, control] - left_out[rows, in_bag.argmin(axis=1)]
