"""Weights per row, by the members' own probabilities alone: they fit in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import attention_fuse, soften
from hpmkd.student import Pool, PoolAttention
from hpmkd.values import Fused
from hpmkd_defaults.fusers.batched import blocks, check_teachers
from hpmkd_defaults.fusers.calibrated_members import MAX_ROWS, Members, calibrated
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.fusers.gate import AttentionGate, folds
from hpmkd_defaults.fusers.pooling import evidence
from hpmkd_defaults.fusers.row_scores import Scorer
from hpmkd_defaults.fusers.two_pools import TwoPools
from hpmkd_defaults.settings_types import Natural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import DataFacts, FloatArray, IntArray


class RowAttentionFuser:
    """The ``pool`` fuser whose linear pool has weights per row, where they pay.

    They are a softmax of scores over the members; a score looks at how sure a member is, by its
    own probabilities and nothing else. So the fusion is plain numbers, and an ensemble of students
    that it fuses is one student with a file. The log-linear pool stays as it is. Weights per row
    replace the static ones only if that lowers the log loss, cross-validated, by more than one
    standard error; where they are refused, it is the ``pool`` fuser, bit for bit.

    Parameters
    ----------
    gated : bool
        False uses the weights per row whether or not they pay.
    rows : int
        Rows that it is fitted on at most; 0 for all.
    """

    def __init__(self, gated: bool = True, rows: Natural = MAX_ROWS) -> None:
        self.gated, self.rows = gated, rows

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        n, text = facts.n_rows, f"teachers are weighed on {self.rows} of {facts.n_rows} rows"
        return {"rows": text} if 0 < self.rows < n else {}

    def fit(
        self,
        probabilities: FloatArray,
        labels: IntArray,
        table: Any,
        weights: FloatArray | None = None,
    ) -> RowAttentivePool:
        """Fit on out-of-fold probabilities.

        Parameters
        ----------
        probabilities : ndarray of shape (M, n, K)
            Of each member; zeros are allowed.
        labels : ndarray of shape (n,)
            Class codes.
        table : table of n rows
            Not read: the weights of a row depend on the members' predictions for it.
        weights : ndarray of shape (n,), optional
            Of the rows; without them all weigh the same.
        """
        members = Members.fit(probabilities, labels, weights, self.rows)
        pool = TwoPools.fit(members)
        if refusal := AttentionGate.of_too_little(len(members.labels), len(probabilities)):
            return RowAttentivePool(pool, refusal)
        gate = cross_validated(members, self.gated)
        if not gate.accepted:
            return RowAttentivePool(pool, gate)
        attended = AttendedLinearPool.fit(members, pool)
        own = attended.weights(members.probabilities)
        means = tuple(np.average(own, axis=0, weights=members.weights).tolist())
        return RowAttentivePool(pool, gate, attended, means)


@dataclass(frozen=True, eq=False)
class AttendedLinearPool:
    """The mean of a linear pool with weights per row and of a log-linear one, at one temperature.

    Parameters
    ----------
    scorer : Scorer
        Scores the members of a row.
    pool : TwoPools
        Whose log-linear pool is the other one.
    final_temperature : float
        Of the mean of the pools, in [.05, 20].
    """

    scorer: Scorer
    pool: TwoPools
    final_temperature: float

    @classmethod
    def fit(cls, members: Members, pool: TwoPools) -> AttendedLinearPool:
        """Fit on calibrated members, and the static pools of them."""
        predicted = members.probabilities
        scorer = Scorer.fit(own_features(predicted), members.likelihoods, members.weights)
        attended = attention_fuse(predicted, scorer.scores(own_features(predicted)))[0]
        mean = 0.5 * (attended + pool.log_linear.fuse(predicted))
        return cls(scorer, pool, calibrating_temperature(mean, members.labels, members.weights))

    def fuse(self, probabilities: FloatArray) -> FloatArray:
        """Fuse calibrated probabilities of shape (M, b, K) to (b, K)."""
        attended = attention_fuse(probabilities, self._scores(probabilities))[0]
        product = self.pool.log_linear.fuse(probabilities)
        return soften(0.5 * (attended + product), self.final_temperature)

    def weights(self, probabilities: FloatArray) -> FloatArray:
        """Return the mean of a member's weight in the linear pool and its share in the other."""
        own = attention_fuse(probabilities, self._scores(probabilities))[1]
        weights: FloatArray = 0.5 * (own + np.array(self.pool.log_linear.shares))
        return weights

    def _scores(self, probabilities: FloatArray) -> FloatArray:
        return self.scorer.scores(own_features(probabilities))

    def to_pool(self) -> Pool:
        """Return the same fusion as plain numbers."""
        scorer, log_linear = self.scorer, self.pool.log_linear
        odds = np.exp(scorer.offsets - scorer.offsets.max())
        return Pool(
            temperatures=np.array(self.pool.temperatures),
            weights=odds / odds.sum(),
            exponents=np.array(log_linear.exponents),
            offsets=np.array(log_linear.offsets),
            share=0.5,
            final_temperature=self.final_temperature,
            attention=PoolAttention(scorer.center, scorer.scale, scorer.coefficients),
        )


@dataclass(frozen=True, eq=False)
class RowAttentivePool:
    """A fitted :class:`RowAttentionFuser`.

    Parameters
    ----------
    pool : TwoPools
        What it refines, and what it is if attention is None.
    gate : AttentionGate
        Whether weights per row were accepted, and why.
    attended : AttendedLinearPool or None
        The pool with weights per row; None if they were refused.
    mean_weights : tuple of M floats
        Mean weight per row of each member on the rows it was fitted on; empty if refused.
    """

    pool: TwoPools
    gate: AttentionGate
    attended: AttendedLinearPool | None = None
    mean_weights: tuple[float, ...] = ()

    def fuse(self, probabilities: FloatArray, table: Any) -> Fused:
        """Fuse probabilities of shape (M, n, K) to (n, K)."""
        if self.attended is None:
            return self.pool.fuse(probabilities, table)
        check_teachers(probabilities, len(self.pool.temperatures))
        n_members, n, n_classes = probabilities.shape
        fused, weights = np.empty((n, n_classes)), np.empty((n, n_members))
        for rows in blocks(*probabilities.shape):
            members = calibrated(probabilities[:, rows], self.pool.temperatures)
            fused[rows], weights[rows] = self.attended.fuse(members), self.attended.weights(members)
        return Fused(fused, weights)

    def to_pool(self) -> Pool:
        """Return the same fusion as plain numbers."""
        return self.pool.to_pool() if self.attended is None else self.attended.to_pool()

    def summary(self) -> Mapping[str, Any]:
        """Return what was fitted, as plain values.

        ``temperatures`` and ``weights`` (means, if they are of each row's own) per member,
        ``final_temperature``, ``gate`` (accepted, reason, gain, standard error) and ``pool``, the
        summary of the static pool; with attention ``coefficients``, per member one of each
        feature in standard deviations.
        """
        attended = self.attended
        found = {} if attended is None else {"coefficients": attended.scorer.coefficients.tolist()}
        return found | {
            "temperatures": list(self.pool.temperatures),
            "weights": list(self.mean_weights or self.pool.weights),
            "final_temperature": (attended or self.pool).final_temperature,
            "gate": dict(self.gate.summary()),
            "pool": dict(self.pool.summary()),
        }


def own_features(probabilities: FloatArray) -> FloatArray:
    """Return the features of :class:`hpmkd.student.PoolAttention`, of shape (M, b, 3).

    Parameters
    ----------
    probabilities : ndarray of shape (M, b, K)
        Of the calibrated members.
    """
    second, first = np.moveaxis(np.partition(probabilities, -2, axis=2)[..., -2:], 2, 0)
    impurity = 1.0 - (probabilities * probabilities).sum(axis=2)
    return np.stack([first, first - second, impurity], axis=2)


def cross_validated(members: Members, gated: bool) -> AttentionGate:
    """Compare weights per row with static ones on rows that neither were fitted on."""
    labels = members.labels
    static, lost = np.empty(len(labels)), np.empty(len(labels))
    for seen, held_out in folds(labels):
        pool = TwoPools.fit(members.only(seen))
        attended = AttendedLinearPool.fit(members.only(seen), pool)
        predicted = members.probabilities[:, held_out]
        for losses, fitted in ((static, pool.fuse_members), (lost, attended.fuse)):
            losses[held_out] = -np.log(evidence(fitted(predicted), labels[held_out]))
    return AttentionGate.compare(static, lost, gated, members.weights)
