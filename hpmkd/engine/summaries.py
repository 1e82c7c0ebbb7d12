"""Names the students that a run fitted for good, and tells what each of them takes and gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.pareto import Role, StudentSummary, pareto_front

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.evaluation.ranking import TrialRanking
    from hpmkd.training.refit import Finalists, Refitted


@dataclass(frozen=True)
class StudentSummaries:
    """All students that a run fitted on all rows.

    Parameters
    ----------
    finalists : Finalists
        Each stage's best, and its control.
    front : sequence of Refitted
        Further ones.
    ranking : TrialRanking
        Knows how much of the teacher a trial retains.
    """

    finalists: Finalists
    front: Sequence[Refitted]
    ranking: TrialRanking

    def further(self) -> dict[str, Predictor]:
        """Return those that are neither the best of a stage nor distilled from the ensemble."""
        known = self.finalists.by_name()
        return {name: refitted.student for name, _, refitted in self._named() if name not in known}

    def contenders(self, test: Dataset) -> tuple[StudentSummary, ...]:
        """Return their figures, lowest log loss on the selection rows first."""
        found = [self._contender(*each, test) for each in self._named()]
        front = {each.name for each in pareto_front(found, lambda each: each.figures)}
        ranked = sorted(found, key=lambda each: (each.selection_log_loss, each.bytes))
        return tuple(replace(each, on_front=each.name in front) for each in ranked)

    def _named(self) -> Iterator[tuple[str, Role, Refitted]]:
        finalists = self.finalists
        if finalists.collapsed is not None:
            yield finalists.shipped_name, "collapsed", finalists.collapsed
        taken = {finalists.shipped_name}
        for stage, refitted in finalists.students.items():
            taken.add(stage)
            yield stage, "student", refitted
        known = {each.trial.configuration.key for each in finalists.students.values()}
        controls = [*finalists.controls.values()]
        for at, refitted in enumerate((*controls, *finalists.beside, *self.front)):
            key = refitted.trial.configuration.key
            if key not in known:
                known.add(key)
                name = f"{refitted.trial.configuration.stage}-{refitted.trial.number}"
                # A stage may have such a name.
                name = f"{name}-front" if name in taken else name
                taken.add(name)
                yield name, "control" if at < len(controls) else "front", refitted

    def _contender(
        self, name: str, role: Role, refitted: Refitted, test: Dataset
    ) -> StudentSummary:
        trial, weight = refitted.trial, refitted.weight
        said = refitted.student.predict_proba(test.table)
        return StudentSummary(
            name=name,
            stage=trial.configuration.stage,
            # The trials of a collapse are on other soft targets, and not among those of the run.
            trial=None if role == "collapsed" else trial.number,
            role=role,
            chosen=name == self.finalists.shipped_name,
            selection_log_loss=trial.log_loss,
            selection_accuracy=trial.accuracy,
            selection_retention=self.ranking.retention(trial),
            bytes=weight.n_bytes,
            row_us=weight.latency.row_us,
            accuracy=float((said.argmax(axis=1) == test.labels).mean()),
            log_loss=float(row_losses(said, test.labels).mean()),
        )
