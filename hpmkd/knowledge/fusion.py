"""The knowledge of the teachers: one soft target per row, fused from all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hpmkd.data.probabilities import checked
from hpmkd.knowledge.regime import Regime
from hpmkd.registry.validation.checks import expect
from hpmkd.student import Pool

if TYPE_CHECKING:
    from hpmkd.contracts import FittedFuser
    from hpmkd.data.unlabeled import PseudoLabelledRows
    from hpmkd.knowledge.cached_fusion import CachedFusion
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.values import FloatArray, IntArray

#: How far a pool may be from the fuser that it stands for.
POOL_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Knowledge:
    """The teachers' knowledge of the training rows.

    Parameters
    ----------
    teachers : tuple of str
        Their names.
    regime : Regime
        Where their knowledge comes from.
    weights : tuple of float
        Mean weight of each teacher; sums to 1.
    fuser : mapping
        The fuser's own summary; its ``wins`` name teachers.
    soft_targets : ndarray of shape (n, K)
        One distribution per training row that was predicted and fused (of many rows, where
        students learn from hard labels alone, the selection rows); no rows in a loaded run.
    extra_rows : mapping of str to int
        How many rows without labels the students learned from: ``unlabeled`` ones that were
        handed in, ``synthetic`` ones that an augmenter made.
    row_weights : ndarray of shape (n, M)
        Weight of each teacher in each training row; no rows in a loaded run.
    """

    teachers: tuple[str, ...]
    regime: Regime
    weights: tuple[float, ...]
    fuser: Mapping[str, Any]
    soft_targets: FloatArray = field(default_factory=lambda: np.empty((0, 0)), repr=False)
    extra_rows: Mapping[str, int] = field(default_factory=lambda: count_extra(None))
    row_weights: FloatArray = field(default_factory=lambda: np.empty((0, 0)), repr=False)

    def to_mapping(self) -> dict[str, Any]:
        """Return the content of ``knowledge.json``."""
        return {
            "teachers": list(self.teachers),
            "regime": self.regime.name,
            "reason": self.regime.reason,
            "weights": [round(weight, 6) for weight in self.weights],
            "fuser": dict(self.fuser),
            "extra_rows": dict(self.extra_rows),
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Knowledge:
        """Read it back, without the soft targets, which a run folder does not keep."""
        return cls(
            teachers=tuple(mapping["teachers"]),
            regime=Regime(mapping["regime"], mapping["reason"]),
            weights=tuple(mapping["weights"]),
            fuser=mapping["fuser"],
            extra_rows=mapping["extra_rows"],
        )


@dataclass(frozen=True)
class FittedFusion:
    """A fitted fuser whose results are checked; a wrong one names its plugin."""

    selected: ComponentSpec
    fitted: FittedFuser

    @classmethod
    def fit(
        cls,
        selected: ComponentSpec,
        probabilities: FloatArray,
        labels: IntArray,
        table: Any,
        weights: FloatArray | None = None,
        student: FloatArray | None = None,
    ) -> FittedFusion:
        """Fit a fuser on probabilities of shape (M, n, K); or with (n, K) of a student, if used."""
        given = known(weights=weights, student_state=student)
        return cls(selected, selected.create().fit(probabilities, labels, table, **given))

    def fuse(
        self, probabilities: FloatArray, table: Any, student: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return soft targets (n, K) and weights (n, M)."""
        m, n, k = probabilities.shape
        with self.selected.offered.blamed("failed in fuse"):
            fused = self.fitted.fuse(probabilities, table, **known(student_state=student))
            # A copy, because it is frozen: the plugin may still write to its own memory.
            soft_targets = checked(fused.probabilities, (n, k), "it").copy()
            weights = checked(fused.weights, (n, m), "it, as weights,")
        soft_targets.flags.writeable = False
        return soft_targets, weights

    def soft_targets(self, probabilities: FloatArray, table: Any) -> FloatArray:
        """Return soft targets (n, K) alone."""
        return self.fuse(probabilities, table)[0]

    def pool(self, probabilities: FloatArray, table: Any) -> Pool | None:
        """Return the same fusion as plain numbers, if the fuser is one.

        They are compared on the rows of `probabilities` and `table`.
        """
        if not hasattr(self.fitted, "to_pool"):
            return None
        with self.selected.offered.blamed("failed in to_pool"):
            pool = self.fitted.to_pool()
            if pool is None:
                return None
            expect("what to_pool returned", pool, Pool, "a hpmkd.student.Pool or None")
            away = np.abs(pool.fuse(probabilities) - self.soft_targets(probabilities, table)).max()
            if away > POOL_TOLERANCE:
                raise ValueError(f"its pool differs by {away:.2g} from what it fuses")
        return cast("Pool", pool)

    def summary(self, teachers: Sequence[str]) -> Mapping[str, Any]:
        """Return the fuser's summary of itself.

        The names of the M teachers replace the positions in ``wins``: a fuser does not know them.
        """
        with self.selected.offered.blamed("failed in summary"):
            # By way of JSON, as a run folder keeps it: after the run it would be too late.
            summary = self.fitted.summary()
            if not isinstance(summary, Mapping):
                raise TypeError(f"summary returned {summary!r:.80}; expected a mapping")
            plain: dict[str, Any] = json.loads(json.dumps(dict(summary), allow_nan=False))
            _check_gate(plain.get("gate"))
            if "wins" in plain:
                plain["wins"] = [named(win, teachers) for win in plain["wins"]]
            return plain


def _check_gate(gate: object) -> None:
    if gate is None:
        return
    expect("gate in its summary", gate, Mapping, "a mapping with accepted and reason")
    content = cast("Mapping[str, Any]", gate)
    expect("accepted in its gate", content.get("accepted"), bool, "True or False")
    expect("reason in its gate", content.get("reason"), str, "a text")


def known(**arrays: FloatArray | None) -> dict[str, FloatArray]:
    """Return those that are given: a fuser need not know of others."""
    return {name: array for name, array in arrays.items() if array is not None}


def fit_and_fuse(
    selected: ComponentSpec,
    probabilities: FloatArray,
    labels: IntArray,
    table: Any,
    weights: FloatArray | None = None,
) -> FloatArray:
    """Return soft targets (n, K) of the very rows that the fuser is fitted on."""
    fitted = FittedFusion.fit(selected, probabilities, labels, table, weights)
    return fitted.soft_targets(probabilities, table)


def named(win: Mapping[str, Any], teachers: Sequence[str]) -> dict[str, Any]:
    """Return a win whose ``teacher``, a position, is replaced by the name."""
    position = win["teacher"]
    if position not in range(len(teachers)):
        raise ValueError(f"a win is of teacher {position!r}, there are {len(teachers)}")
    return {**win, "teacher": teachers[position]}


def gather(
    teachers: Sequence[str],
    regime: Regime,
    fusion: CachedFusion,
    extra: PseudoLabelledRows | None = None,
    fused: tuple[FloatArray, FloatArray] | None = None,
) -> Knowledge:
    """Gather the fused rows of a fuser, its own or `fused` others, into knowledge."""
    soft_targets, weights = fusion.own() if fused is None else fused
    means = tuple(float(weight) for weight in weights.mean(axis=0))
    summary, counted = fusion.summary(teachers), count_extra(extra)
    return Knowledge(tuple(teachers), regime, means, summary, soft_targets, counted, weights)


def count_extra(extra: PseudoLabelledRows | None) -> Mapping[str, int]:
    """Count rows without labels by where they came from."""
    n = 0 if extra is None else len(extra.soft_targets)
    real = extra is not None and extra.real
    return {"unlabeled": n if real else 0, "synthetic": 0 if real else n}
