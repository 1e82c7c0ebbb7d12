"""The best students fused: layer 3 of the method, used a second time."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.crossfit import pickled_bytes
from hpmkd.knowledge import Fusion
from hpmkd.registry import PluginWarning
from hpmkd.rows import as_table
from hpmkd.trials import held_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.components import Selected
    from hpmkd.contracts import Executor, Predictor
    from hpmkd.finalists import Finalists
    from hpmkd.trials import HeldOut, SearchData
    from hpmkd.values import Configuration, FloatArray, IntArray


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
    ranked = sorted(finalists.students.items(), key=lambda item: item[1].trial.log_loss)
    return [stage for stage, _ in ranked[:k]]


def unseen(
    configurations: Sequence[Configuration], data: SearchData, executor: Executor
) -> list[HeldOut]:
    """Return what students say about rows that they were not fitted on.

    Parameters
    ----------
    configurations : sequence of M Configuration
        One per student.
    data : SearchData
        Splits whose held rows are the rows asked about.

    Returns
    -------
    list of M HeldOut
    """
    said: dict[int, HeldOut] = dict(executor.run(held_out, data, list(configurations)))
    return [said[at] for at in range(len(configurations))]


def heard(names: Sequence[str], asked: Sequence[HeldOut]) -> dict[str, FloatArray]:
    """Return what the members say that did not fail, by name; warn of the others."""
    found = {}
    for name, own in zip(names, asked, strict=True):
        if own.failure is None:
            found[name] = own.said
        else:
            message = f"stage {name!r} is left out of the ensemble: {own.failure}"
            warnings.warn(message, PluginWarning, stacklevel=2)
    return found


def fit_ensemble(
    finalists: Finalists,
    said: Mapping[str, FloatArray],
    fuser: Selected,
    labels: IntArray,
    table: Any,
) -> Ensemble:
    """Fuse students by what they said about unseen rows.

    Parameters
    ----------
    finalists : Finalists
        The students.
    said : mapping of str to ndarray of shape (n, K)
        Whom to take, and what they said about unseen rows.
    fuser : Selected
        The recipe's fuser, the same that fuses the teachers.
    labels, table : ndarray of shape (n,), table of n rows
        The unseen rows.
    """
    members = tuple(finalists.students[name].student for name in said)
    fusion = Fusion.fit(fuser, np.stack(list(said.values())), labels, table)
    return Ensemble(tuple(said), members, fusion)
