"""Contracts around teachers: panels, fusers, and rows made for them to label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

    from hpmkd.values import DataFacts, FloatArray, Fused, IntArray


@runtime_checkable
class TeacherPanel(Protocol):
    """A named set of teachers: what ``--teacher NAME`` means.

    Built once per run with ``factory(**settings)``.
    """

    def members(self, facts: DataFacts, seed: int) -> Mapping[str, Any]:
        """Return unfitted scikit-learn classifiers by name, each reading the raw table."""
        ...


@runtime_checkable
class Fuser(Protocol):
    """Turns the predictions of M teachers into one soft target per row.

    Built once per run with ``factory(**settings)``; fitted in the parent process on
    out-of-fold probabilities, once per selection split and once on all training rows, unless
    a cache has its results: the same inputs must give the same results, bit for bit.

    It may have ``student_state``. Where that is True, and a run has a student already, ``fit`` and
    ``fuse`` are also given ``student_state=``: that student's probabilities (n, K) of the same
    rows, each row's from a model that has not seen its label. Fits without it must do as well:
    there is none where teachers are screened or compared, where one holdout chooses, and for an
    ensemble. A fuser that was fitted with it also fuses with it.
    """

    def fit(
        self,
        probabilities: FloatArray,
        labels: IntArray,
        table: Any,
        weights: FloatArray | None = None,
    ) -> FittedFuser:
        """Fit on probabilities (M, n, K), class codes (n,) and the n raw rows.

        `weights` (n,), all above 0, are given only where rows are weighed: one of weight 2 counts
        as two.
        """
        ...


class FittedFuser(Protocol):
    """A fuser after :meth:`Fuser.fit`. Kept with the teacher, so it must pickle.

    It may also have ``to_pool()``, which returns a :class:`hpmkd.student.Pool` that gives what
    :meth:`fuse` does, to 1e-9, or None if it looks at the rows. Called once, for the fuser of
    the ensemble: with a pool, the ensemble becomes a student in a file of its own.
    """

    def fuse(self, probabilities: FloatArray, table: Any) -> Fused:
        """Fuse probabilities of shape (M, n, K) on the n raw rows of `table`."""
        ...

    def summary(self) -> Mapping[str, Any]:
        """Return what a report should show of it, as plain values that JSON knows.

        Two keys are shown to people, where they are given: ``gate``, a mapping with
        ``accepted`` and ``reason``; and ``wins``, a list of mappings with ``column``,
        ``cells``, ``teacher`` (its position, for which the run puts the name), ``weight``
        there and ``mean_weight``.
        """
        ...


@runtime_checkable
class Augmenter(Protocol):
    """Makes new rows like the given ones; the teachers label them afterwards.

    Built once per run with ``factory(**settings)``; called in the parent process, once per
    selection split and once for all training rows, each time with the rows to fit on alone.
    All that it draws must come from `rng`.
    """

    def rows(self, table: Any, n: int, rng: np.random.Generator) -> Any:
        """Return a table of `n` new rows with the columns and dtypes of `table`.

        Cells may be missing, but not infinite. An augmenter that cannot make so many rows may
        return fewer, down to none.
        """
        ...
