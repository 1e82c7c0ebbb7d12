"""The best students fused: layer 3 of the method, used a second time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.raw_rows import as_table
from hpmkd.knowledge.fold_fits import pickled_bytes
from hpmkd.knowledge.fusion import FittedFusion
from hpmkd.knowledge.predictions import stack
from hpmkd.student import Student, pool_students

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.training.provenance import Provenance
    from hpmkd.training.refit import Finalists
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class Ensemble:
    """Students and the fuser that weighs them: raw columns in, probabilities out."""

    names: tuple[str, ...]  # the stages of the members, best first
    members: tuple[Predictor, ...]
    #: Fitted on the members' predictions of selection rows that they had not seen.
    fusion: FittedFusion
    packed: Student | str  # the same as one student; or why it cannot be one

    @property
    def predictor(self) -> Student | Ensemble:
        """The one student where there is one, else the ensemble itself."""
        return self if isinstance(self.packed, str) else self.packed

    @property
    def classes_(self) -> NDArray[Any]:
        """The K labels, in the order of the probability columns."""
        return self.members[0].classes_

    def predict_proba(self, table: Any) -> FloatArray:
        """Return fused probabilities of shape (n, K) for raw rows, with every member."""
        # Students open lists and mappings by themselves; the contract promises a fuser a table.
        table = table if hasattr(table, "shape") else as_table(table)
        predicted = np.stack([member.predict_proba(table) for member in self.members])
        return self.fusion.soft_targets(predicted, table)

    def predict(self, table: Any) -> NDArray[Any]:
        """Return the most probable label of each raw row, of shape (n,)."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(table).argmax(axis=1)]
        return labels

    @property
    def n_bytes(self) -> int:
        """Size of its file; or of the members' and of the fitted fuser, as a pickle, together."""
        if isinstance(self.packed, Student):
            return self.packed.n_bytes
        fuser = pickled_bytes(self.fusion.fitted) or 0
        return sum(len(member.to_bytes()) for member in self.members) + fuser

    def facts(self) -> dict[str, Any]:
        """Return what a run reports of it, as plain values."""
        return {
            "members": list(self.names),
            "fuser": self.fusion.selected.offered.offer.name,
            "unpacked": self.packed if isinstance(self.packed, str) else None,
        }


def strongest(finalists: Finalists, k: int) -> list[str]:
    """Return the stages of the k students that the selection rows rank first."""
    # The trial of a student that replaced another has no predictions any more.
    known = [item for item in finalists.students.items() if item[1].trial.probabilities is not None]
    ranked = sorted(known, key=lambda item: item[1].trial.log_loss)
    return [stage for stage, _ in ranked[:k]]


def fit_ensemble(
    finalists: Finalists,
    names: Sequence[str],
    fuser: ComponentSpec,
    labels: IntArray,
    table: Any,
    provenance: Provenance,
) -> Ensemble:
    """Fuse students by their trials' predictions of the selection rows.

    `names` are the students to take; `labels` and `table` the selection rows.
    """
    refitted = [finalists.students[name] for name in names]
    members = [each.student for each in refitted]
    # The search keeps the predictions of each stage's best.
    predicted = stack(
        [each.trial.probabilities for each in refitted if each.trial.probabilities is not None]
    )
    fusion = FittedFusion.fit(fuser, predicted, labels, table)
    facts = provenance.of_ensemble([each.trial for each in refitted], fuser.offered.offer.name)
    packed = _packed(dict(zip(names, members, strict=True)), fusion, predicted, table, facts)
    return Ensemble(tuple(names), tuple(members), fusion, packed)


def _packed(
    members: dict[str, Predictor],
    fusion: FittedFusion,
    predicted: FloatArray,
    table: Any,
    facts: Any,
) -> Student | str:
    """Return the ensemble as one student, or why it cannot be one."""
    students = []
    for name, member in members.items():
        if not isinstance(member, Student):
            return f"the student {name} is a {type(member).__name__}, not a hpmkd Student"
        students.append(member)
    pool = fusion.pool(predicted, table)
    if pool is None:
        name = fusion.selected.offered.offer.name
        return f"the fuser {name!r} weighs each row by itself: with ensemble.fuser=pool it can be"
    try:
        return pool_students(students, pool, facts)
    except ValueError as error:
        return str(error)
