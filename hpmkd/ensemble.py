"""The best students fused: layer 3 of the method, used a second time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.crossfit import pickled_bytes
from hpmkd.knowledge import Fusion
from hpmkd.reading import stack
from hpmkd.rows import as_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.components import Selected
    from hpmkd.contracts import Predictor
    from hpmkd.finalists import Finalists
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class Ensemble:
    """Students and the fuser that weighs them: raw columns in, probabilities out.

    Parameters
    ----------
    names : tuple of str
        The stages of the members, best first.
    members : tuple of Predictor
        Fitted on all training rows.
    fusion : Fusion
        Fitted on what the members said about selection rows before they had seen them.
    """

    names: tuple[str, ...]
    members: tuple[Predictor, ...]
    fusion: Fusion

    @property
    def classes_(self) -> NDArray[Any]:
        """The K labels, in the order of the probability columns."""
        return self.members[0].classes_

    def predict_proba(self, table: Any) -> FloatArray:
        """Return fused probabilities of shape (n, K) for raw rows."""
        # Students open lists and mappings by themselves; a fuser is promised a table.
        table = table if hasattr(table, "shape") else as_table(table)
        said = np.stack([member.predict_proba(table) for member in self.members])
        return self.fusion.soft_targets(said, table)

    def predict(self, table: Any) -> NDArray[Any]:
        """Return the most probable label of each raw row, of shape (n,)."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(table).argmax(axis=1)]
        return labels

    @property
    def n_bytes(self) -> int:
        """Size of the members' files and of the fitted fuser, as a pickle, together."""
        fuser = pickled_bytes(self.fusion.fitted) or 0
        return sum(len(member.to_bytes()) for member in self.members) + fuser


def strongest(finalists: Finalists, k: int) -> list[str]:
    """Return the stages of the k students that the selection rows rank first."""
    # Of a student that stands in for another it is not known what it said.
    known = [item for item in finalists.students.items() if item[1].trial.said is not None]
    ranked = sorted(known, key=lambda item: item[1].trial.log_loss)
    return [stage for stage, _ in ranked[:k]]


def fit_ensemble(
    finalists: Finalists, names: Sequence[str], fuser: Selected, labels: IntArray, table: Any
) -> Ensemble:
    """Fuse students by what their trials said about the selection rows.

    Parameters
    ----------
    finalists : Finalists
        The students.
    names : sequence of str
        Whom to take.
    fuser : Selected
        The recipe's fuser, the same that fuses the teachers.
    labels, table : ndarray of shape (n,), table of n rows
        The selection rows.
    """
    members = [finalists.students[name] for name in names]
    # The search keeps what each stage's best said.
    said = stack([member.trial.said for member in members if member.trial.said is not None])
    fusion = Fusion.fit(fuser, said, labels, table)
    return Ensemble(tuple(names), tuple(member.student for member in members), fusion)
