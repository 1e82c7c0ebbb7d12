"""Divides rows: stratified holdouts and folds that survive rare classes.

scikit-learn's splitters refuse or warn when a class has fewer rows than folds; a class of
two rows is ordinary here, so every class is dealt out one row at a time instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpmkd.recipe.settings import SplitSettings
    from hpmkd.values import IntArray

#: Folds at most above ``split.folds_until`` rows, and above this many times as many.
FOLDS_OF_MANY, FOLDS_OF_MOST, MOST = 3, 2, 10
#: Fold of the rows that no teacher sees.
UNSEEN = -1


def holdout(labels: IntArray, size: float, seed: int) -> tuple[IntArray, IntArray]:
    """Split rows in two, class by class.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes.
    size : float
        Share of the rows to hold out, in (0, 1).
    seed : int
        Source of the shuffle.

    Returns
    -------
    rows, held_out : ndarray
        Sorted row numbers. Every class keeps at least one row.
    """
    rng = np.random.default_rng(seed)
    held_out = []
    owed = 0.0
    for code in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == code))
        owed += len(rows) * size
        # Carrying the fraction over to the next class keeps the total at n × size, but what a
        # class of one row could not give is not taken from another.
        wanted = round(owed)
        owed -= wanted
        held_out.append(rows[: min(wanted, len(rows) - 1)])
    held_out_rows = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(labels)), held_out_rows), held_out_rows


def folds(labels: IntArray, n_folds: int, seed: int) -> IntArray:
    """Deal every class over the folds.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes.
    n_folds : int
        At least 2; no more than rows are used.
    seed : int
        Source of the shuffle.

    Returns
    -------
    ndarray of shape (n,)
        Fold number of each row; fold sizes differ by at most one.
    """
    rng = np.random.default_rng(seed)
    order = np.concatenate(
        [rng.permutation(np.flatnonzero(labels == code)) for code in np.unique(labels)]
    )
    assigned = np.empty(len(labels), dtype=np.int64)
    assigned[order] = np.arange(len(labels)) % min(n_folds, len(labels))
    return assigned


def sample(labels: IntArray, most: int, seed: int) -> IntArray:
    """Return row numbers, rising, `most` of them at most, that keep the shares of the classes.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes.
    most : int
        0 for all rows.
    seed : int
        Source of the shuffle.
    """
    n = len(labels)
    return holdout(labels, 1.0 - most / n, seed)[0] if 0 < most < n else np.arange(n)


def number_of_folds(settings: SplitSettings, n: int) -> int:
    """Return in how many folds n training rows are dealt.

    Each fold costs a fit of every teacher and of every candidate, and with fewer folds these see
    fewer rows, which matters less the more there are.
    """
    few, until = settings.folds, settings.folds_until
    if exceeds(n, until):
        few = min(few, FOLDS_OF_MANY)
    return min(few, FOLDS_OF_MOST) if exceeds(n, MOST * until) else few


def exceeds(n: int, cap: int) -> bool:
    """Return whether n rows are more than a cap allows; 0 sets none."""
    return 0 < cap < n


def for_selection(labels: IntArray, settings: SplitSettings, seed: int) -> IntArray:
    """Deal the training rows over the folds of a run.

    Every row is a selection row once. Above ``split.once_above`` rows, some alone are: no fold has
    them.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes of the training rows.
    settings : SplitSettings
        Of the recipe. It caps the selection rows; more than are wanted are to be fitted on.
    seed : int
        Source of the shuffle.

    Returns
    -------
    ndarray of shape (n,)
        Fold of each row, from 0; -1 of the selection rows of a single holdout.
    """
    n, most = len(labels), settings.selection_rows
    n_folds = number_of_folds(settings, n)
    if not exceeds(n, settings.once_above):
        return folds(labels, n_folds, seed)
    share = settings.selection_size
    seen, _ = holdout(labels, min(share, most / n) if most else share, seed)
    fold_of_row = np.full(n, UNSEEN)
    fold_of_row[seen] = folds(labels[seen], n_folds, seed)
    return fold_of_row
