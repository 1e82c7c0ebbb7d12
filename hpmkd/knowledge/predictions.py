"""The predictions of cross-fitted teachers, put together from those of their folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data.splits import UNSEEN

if TYPE_CHECKING:
    from hpmkd.knowledge.crossfit import FoldPredictions, Held
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TeacherPredictions:
    """The probabilities of a teacher, or of several as they are fused."""

    training: FloatArray  # (n, K), out of fold where teachers are refitted
    rows: IntArray  # (n,): numbers of the training rows that they are of, rising
    test: FloatArray | None  # (m, K); None where they cannot be predicted


@dataclass(frozen=True, eq=False)
class CrossFittedPredictions:
    """What teachers predict, each row by models that have not seen it."""

    names: tuple[str, ...]  # of the M teachers
    by_teacher: Sequence[Mapping[Held, FoldPredictions]]
    fold_of_row: IntArray  # (n,); -1 of rows that no teacher sees

    def of(self, names: Sequence[str]) -> CrossFittedPredictions:
        """Return those of some of the teachers."""
        chosen = [self.by_teacher[self.names.index(name)] for name in names]
        return replace(self, names=tuple(names), by_teacher=chosen)

    def with_folds(self, more: Sequence[Mapping[Held, FoldPredictions]]) -> CrossFittedPredictions:
        """Return the same teachers with the predictions of further folds."""
        merged = [{**own, **others} for own, others in zip(self.by_teacher, more, strict=True)]
        return replace(self, by_teacher=merged)

    def beside(self, other: CrossFittedPredictions) -> CrossFittedPredictions:
        """Return those of these teachers and of others."""
        both = [*self.by_teacher, *other.by_teacher]
        return replace(self, names=(*self.names, *other.names), by_teacher=both)

    @property
    def rows(self) -> IntArray:
        """The numbers of the training rows that are predicted, rising."""
        folds = [held[0] for held in self.by_teacher[0] if len(held) == 1]
        return np.flatnonzero(np.isin(self.fold_of_row, [UNSEEN, *folds]))

    def out_of_fold(self, held: int | None = None) -> FloatArray:
        """Return probabilities (M, n, K) of :attr:`rows`.

        Where `held` is a fold, those of the rows outside it, by models that have not seen it
        either: they were fitted without pairs of folds.
        """
        return stack([self._training(own, held) for own in self.by_teacher])

    def test(self) -> list[FloatArray | None]:
        """Return each teacher's probabilities of the test rows; None where they are not known."""
        return [_mean([each.test for each in _single(own)]) for own in self.by_teacher]

    def extra(self, held: int | None = None) -> FloatArray | None:
        """Return probabilities (M, m, K) of the rows without labels.

        By the models that were fitted without the fold `held`, by default by all. None where a
        teacher cannot predict them.
        """
        own = [[each[(held,)]] if held is not None else _single(each) for each in self.by_teacher]
        return _all(_mean([each.extra for each in parts]) for parts in own)

    def made(self, held: int) -> FloatArray | None:
        """Return probabilities (M, m, K) of the rows made without those of a fold."""
        return _all(each[(held,)].made for each in self.by_teacher)

    def _training(self, own: Mapping[Held, FoldPredictions], held: int | None) -> FloatArray:
        size = 1 if held is None else 2
        parts = {
            fold: part.held[fold]
            for folds, part in own.items()
            if len(folds) == size and (held is None or held in folds)
            for fold in folds
            if fold != held
        }
        if held is None and (self.fold_of_row == UNSEEN).any():
            parts[UNSEEN] = np.mean([each.unseen for each in _single(own)], axis=0)
        found = np.empty((len(self.fold_of_row), next(iter(parts.values())).shape[1]))
        for fold, part in parts.items():
            found[self.fold_of_row == fold] = part
        return found[np.isin(self.fold_of_row, [*parts])]


def _single(own: Mapping[Held, FoldPredictions]) -> list[FoldPredictions]:
    """Return the predictions of the models without one fold, in the order of the folds."""
    return [own[held] for held in sorted(own) if len(held) == 1]


def _mean(parts: Sequence[FloatArray | None]) -> FloatArray | None:
    known = [each for each in parts if each is not None]
    return np.mean(known, axis=0) if len(known) == len(parts) else None


def _all(parts: Iterable[FloatArray | None]) -> FloatArray | None:
    found = [*parts]
    known = [each for each in found if each is not None]
    return stack(known) if len(known) == len(found) else None


def stack(probabilities: Sequence[FloatArray]) -> FloatArray:
    """Return probabilities of shape (M, n, K), one layer per teacher, read-only."""
    stacked = np.stack(probabilities)
    stacked.flags.writeable = False
    return stacked
