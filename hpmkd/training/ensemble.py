"""The best students fused: layer 3 of the method, used a second time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.raw_rows import as_table
from hpmkd.evaluation.footprint import size_of
from hpmkd.knowledge.fusion import FittedFusion
from hpmkd.knowledge.model_size import pickled_bytes
from hpmkd.knowledge.predictions import stack
from hpmkd.student import Student, pool_students
from hpmkd.training.judging import results
from hpmkd.training.pool import choose_pool
from hpmkd.values import Configuration, Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.recipe.settings import EnsembleSettings
    from hpmkd.training.pool import PoolChoice
    from hpmkd.training.provenance import Provenance
    from hpmkd.training.refit import Refitted
    from hpmkd.values import FloatArray, IntArray

#: What the pool of the best students is called, and its file; and that of students on hard labels,
#: where it is the control and something else ships.
ENSEMBLE, HARD_ENSEMBLE = "ensemble", "hard-ensemble"


@dataclass(frozen=True)
class Ensemble:
    """Students and the fuser that weighs them: raw columns in, probabilities out."""

    names: tuple[str, ...]  # of the members, best first
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
        """Size of its file without the sketch; or of its members and the pickled fuser together."""
        if isinstance(self.packed, Student):
            return self.packed.n_bytes
        fuser = pickled_bytes(self.fusion.fitted) or 0
        return sum(map(size_of, self.members)) + fuser

    def facts(self) -> dict[str, Any]:
        """Return what a run reports of it, as plain values."""
        return {
            "members": list(self.names),
            "fuser": self.fusion.selected.offered.offer.name,
            "unpacked": self.packed if isinstance(self.packed, str) else None,
        }


def fit_ensemble(
    candidates: Mapping[str, Refitted],
    fuser: ComponentSpec,
    settings: EnsembleSettings,
    held: Dataset,
    folds: IntArray,
    provenance: Provenance,
    metric: Metric,
) -> tuple[Ensemble, Trial] | None:
    """Fuse the students that are better together, by their trials' predictions.

    Parameters
    ----------
    candidates : mapping of str to Refitted
        By name. One whose trial has no predictions any more is left out.
    fuser : ComponentSpec
        Weighs the members.
    settings : EnsembleSettings
        How many members, and whether each of them must add something.
    held : Dataset
        The n selection rows.
    folds : ndarray of shape (n,)
        Fold of each of these.
    provenance : Provenance
        Signs the ensemble.
    metric : Metric
        What it competes by; members and weights are chosen by log loss.

    Returns
    -------
    Ensemble and Trial, or None
        The trial has the results of pools that were chosen without the rows that judge them. None
        if no two students are better together.

    Raises
    ------
    PluginError
        If the fuser fails.
    """
    known = {
        name: each.trial.probabilities
        for name, each in candidates.items()
        if each.trial.probabilities is not None
    }
    if min(len(known), settings.top) < 2:
        return None
    fit, rules = partial(FittedFusion.fit, fuser), (settings.top, held.weights, settings.gated)
    found = choose_pool(known, held.labels, held.table, folds, fit, *rules)
    if found is None:
        return None
    refitted = [candidates[name] for name in found.names]
    trials = [each.trial for each in refitted]
    members = {name: each.student for name, each in zip(found.names, refitted, strict=True)}
    trial = _trial(found, trials, held, metric)
    facts = provenance.of_ensemble(trial, trials, fuser.offered.offer.name)
    predicted = stack([known[name] for name in found.names])
    packed = _packed(members, found.fusion, predicted, held.table, facts)
    if isinstance(packed, Student):
        packed = provenance.sketched(packed)
    ensemble = Ensemble(found.names, tuple(members.values()), found.fusion, packed)
    return ensemble, trial


def _trial(found: PoolChoice, members: Sequence[Trial], held: Dataset, metric: Metric) -> Trial:
    """Return a pool's results on the selection rows, as of a configuration."""
    own = [each.configuration for each in members]
    configuration = Configuration(
        ENSEMBLE,
        temperature=1.0,
        alpha=max(each.alpha for each in own),
        hyperparameters={"members": "+".join(found.names)},
        extra_weight=max(each.extra_weight for each in own),
        after=next((each.after for each in own if not each.hard), None),
    )
    return Trial(
        number=max(each.number for each in members),
        configuration=configuration,
        **results(metric, held.labels, found.probabilities, held.classes, held.weights),
        models_trained=0,
        seconds=0.0,
    )


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
        return (
            f"the fuser {name!r} weighs each row by what no file can hold; type: "
            "ensemble.fuser=row-attention or ensemble.fuser=pool"
        )
    try:
        return pool_students(students, pool, facts)
    except ValueError as error:
        return str(error)
