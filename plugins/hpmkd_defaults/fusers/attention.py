"""Weights per row: most for the teacher that knows this part of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.values import Fused
from hpmkd_defaults.fusers.attention_pools import AttendedPools
from hpmkd_defaults.fusers.batched import blocks, check_teachers
from hpmkd_defaults.fusers.calibrated_members import MAX_ROWS, Members, calibrated
from hpmkd_defaults.fusers.gate import AttentionGate, folds
from hpmkd_defaults.fusers.local_loss import Neighbourhood
from hpmkd_defaults.fusers.pooling import evidence
from hpmkd_defaults.fusers.profile import wins
from hpmkd_defaults.fusers.student_features import StudentReader, looked_at
from hpmkd_defaults.fusers.two_pools import TwoPools
from hpmkd_defaults.rows import stratified, take
from hpmkd_defaults.settings_types import Natural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.student import Pool
    from hpmkd.values import DataFacts, FloatArray, IntArray

#: Rows that attention is fitted on by default.
MAX_NEAR = 10_000
#: Rows above which they are fewer, for as many then need weights, and how many they are.
MANY_ROWS, NEAR_OF_MANY = 50_000, 4_000


class AttentionWeightedMultiTeacher:
    """Refines the ``pool`` fuser with weights per row, where they pay.

    The weights are a softmax of scores over the teachers; a score looks at how sure a
    teacher is, whether it agrees with the others, and how wrong it was on the training
    rows nearest by. They replace the static weights only if that lowers the log loss,
    cross-validated, by more than one standard error: with teachers that all saw all of the
    data they seldom do, with specialists they often do. Where they are refused, it is the
    ``pool`` fuser, bit for bit.

    Parameters
    ----------
    gated : bool
        False uses the weights per row whether or not they pay.
    rows : int
        Rows that temperatures and pools are fitted on at most; 0 for all.
    near : int
        Of them, those that weights per row are fitted on, and the neighbours of a new row come
        from, at most; 0 for all.
    near_of_many : int
        The same where it is fitted on more than 50,000 rows; 0 for as many as otherwise.
    student_state : bool
        Whether the scores also look at the current student: how wrong it is nearby, how sure, and
        who agrees with it. Without one, they look at the teachers alone.
    """

    def __init__(
        self,
        gated: bool = True,
        rows: Natural = MAX_ROWS,
        near: Natural = MAX_NEAR,
        near_of_many: Natural = NEAR_OF_MANY,
        student_state: bool = False,
    ) -> None:
        self.gated, self.rows, self.near, self.near_of_many = gated, rows, near, near_of_many
        self.student_state = student_state

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        n = facts.n_rows
        fitted = f"teachers are calibrated and weighed on {self.rows} of {n} rows"
        name = "near_of_many" if self._fewer(n) else "near"
        most = self._most(n)
        near = f"their weights per row are fitted on {most} of {n} rows"
        capped = {"rows": (self.rows, fitted), name: (most, near)}
        return {name: text for name, (cap, text) in capped.items() if 0 < cap < n}

    def fit(
        self,
        probabilities: FloatArray,
        labels: IntArray,
        table: Any,
        weights: FloatArray | None = None,
        student_state: FloatArray | None = None,
    ) -> AttentivePool:
        """Fit on out-of-fold probabilities.

        Parameters
        ----------
        probabilities : ndarray of shape (M, n, K)
            Of each teacher; zeros are allowed.
        labels : ndarray of shape (n,)
            Class codes.
        table : DataFrame or ndarray of n rows
            The raw rows.
        weights : ndarray of shape (n,), optional
            Of the rows; without them all weigh the same.
        student_state : ndarray of shape (n, K), optional
            Probabilities of the current student, out of fold.
        """
        members = Members.fit(probabilities, labels, weights, self.rows)
        pool = TwoPools.fit(members)
        if refusal := AttentionGate.of_too_little(len(members.labels), len(probabilities)):
            return AttentivePool(pool, refusal)
        most = self._most(len(labels)) or len(members.labels)
        members = members.only(stratified(members.labels, most))
        table = take(table, members.rows)
        losses, reader = -np.log(members.likelihoods), None
        if student_state is not None:
            student_state = student_state[members.rows]
            reader = StudentReader.fit(student_state, members)
            losses = np.column_stack([losses, reader.losses(student_state, members)])
        neighbourhood = Neighbourhood.fit(table, losses)
        found = looked_at(
            members.probabilities,
            pool.linear,
            neighbourhood.own_losses(table),
            reader,
            student_state,
        )
        gate, attended = cross_validated(members, found, self.gated)
        if not gate.accepted:
            return AttentivePool(pool, gate)
        pools = AttendedPools.fit(members, found, attended)
        own = pools.fuse(members.probabilities, found)[1]
        return AttentivePool(
            pool,
            gate,
            Attention(neighbourhood, pools, reader),
            tuple(np.average(own, axis=0, weights=members.weights).tolist()),
            tuple(wins(table, own)),
        )

    def _fewer(self, n: int) -> bool:
        return n > MANY_ROWS and 0 < self.near_of_many < (self.near or n)

    def _most(self, n: int) -> int:
        return self.near_of_many if self._fewer(n) else self.near


@dataclass(frozen=True, eq=False)
class Attention:
    """The parts of an accepted attention for new rows.

    Parameters
    ----------
    neighbourhood : Neighbourhood
        The training rows and each teacher's loss on them; last the student's, if it is looked at.
    pools : AttendedPools
        Fuses by what the teachers look like on a row.
    reader : StudentReader or None
        Reads the current student; None if it is not looked at.
    """

    neighbourhood: Neighbourhood
    pools: AttendedPools
    reader: StudentReader | None = None


@dataclass(frozen=True, eq=False)
class AttentivePool:
    """A fitted :class:`AttentionWeightedMultiTeacher`.

    Parameters
    ----------
    pool : TwoPools
        What it refines, and what it is if attention is None.
    gate : AttentionGate
        Whether weights per row were accepted, and why.
    attention : Attention or None
        Makes the weights per row; None if they were refused.
    mean_weights : tuple of M floats
        Mean weight per row of each teacher on the training rows; empty if refused.
    wins : tuple of dict
        Where in the data each teacher wins; see :func:`~hpmkd_defaults.fusers.profile.wins`.
    """

    pool: TwoPools
    gate: AttentionGate
    attention: Attention | None = None
    mean_weights: tuple[float, ...] = ()
    wins: tuple[dict[str, Any], ...] = ()

    def fuse(
        self, probabilities: FloatArray, table: Any, student_state: FloatArray | None = None
    ) -> Fused:
        """Fuse probabilities of shape (M, n, K) on the n raw rows of `table`.

        Where it was fitted with a student, that student's probabilities (n, K) are needed, too.
        """
        if self.attention is None:
            return self.pool.fuse(probabilities, table)
        check_teachers(probabilities, len(self.pool.temperatures))
        reader = self.attention.reader
        if reader is not None and student_state is None:
            raise ValueError("got no student_state; it was fitted with one")
        n_teachers, n, n_classes = probabilities.shape
        fused, weights = np.empty((n, n_classes)), np.empty((n, n_teachers))
        for rows in blocks(*probabilities.shape):
            members = calibrated(probabilities[:, rows], self.pool.temperatures)
            raw = take(table, rows)
            local = self.attention.neighbourhood.local_losses(raw)
            student = None if student_state is None else student_state[rows]
            found = looked_at(members, self.pool.linear, local, reader, student)
            fused[rows], weights[rows] = self.attention.pools.fuse(members, found)
        return Fused(fused, weights)

    def to_pool(self) -> Pool | None:
        """Return the same fusion as plain numbers; None if weights differ from row to row."""
        return self.pool.to_pool() if self.attention is None else None

    def summary(self) -> Mapping[str, Any]:
        """Return what was fitted, as plain values.

        ``temperatures`` and ``weights`` (means, if they are of each row's own) per teacher,
        ``final_temperature``, ``gate`` (accepted, reason, gain, standard error), ``wins``
        and ``pool``, the summary of the static pool.
        """
        used = self.attention.pools if self.attention else self.pool
        return {
            "temperatures": list(self.pool.temperatures),
            "weights": list(self.mean_weights or self.pool.weights),
            "final_temperature": used.final_temperature,
            "gate": dict(self.gate.summary()),
            "wins": [dict(each) for each in self.wins],
            "pool": dict(self.pool.summary()),
        }


def cross_validated(
    members: Members, found: FloatArray, gated: bool
) -> tuple[AttentionGate, FloatArray]:
    """Compare attention with the static pool on rows that neither was fitted on.

    Temperatures of the teachers and the losses of neighbours come from all rows: the former
    are one number each, the latter belong to other rows than the one compared.

    Parameters
    ----------
    members : Members
        The calibrated teachers.
    found : ndarray of shape (M, n, F)
        Their features.
    gated : bool
        Whether the outcome may be a refusal.

    Returns
    -------
    gate : AttentionGate
        The comparison, row by row.
    attended : ndarray of shape (n, K)
        The attended linear pool of each row, from scores that were not fitted on it.
    """
    labels, predicted = members.labels, members.probabilities
    static, lost = np.empty(len(labels)), np.empty(len(labels))
    attended = np.empty(predicted.shape[1:])
    for seen, held_out in folds(labels):
        pool = TwoPools.fit(members.only(seen))
        pools = AttendedPools.fit(members.only(seen), found[:, seen])
        attended[held_out] = pools.attend(predicted[:, held_out], found[:, held_out])[0]
        fused = pools.fuse(predicted[:, held_out], found[:, held_out])[0]
        lost[held_out] = -np.log(evidence(fused, labels[held_out]))
        static[held_out] = -np.log(
            evidence(pool.fuse_members(predicted[:, held_out]), labels[held_out])
        )
    return AttentionGate.compare(static, lost, gated, members.weights), attended
