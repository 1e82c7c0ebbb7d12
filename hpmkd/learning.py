"""Everything that is fitted to soft targets: trials, finalists, ensemble, collapsed student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.collapse import Collapse, retarget
from hpmkd.ensemble import Ensemble, fit_ensemble, strongest, unseen
from hpmkd.finalists import Finalists, Refitted, fit_finalists, pairs, writable
from hpmkd.gates import Gate, gate
from hpmkd.search import Search
from hpmkd.shelf import UNKEPT, Shelf
from hpmkd.training import RefitData, SearchData, SelectionSplit, StageInPlay, TrainingRows, refit
from hpmkd.values import SearchSpace, Trial

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.components import Components
    from hpmkd.contracts import Executor, Scheduler
    from hpmkd.counts import Counts
    from hpmkd.dataset import Dataset
    from hpmkd.extra import Labelled
    from hpmkd.progress import Progress
    from hpmkd.recipe import Recipe
    from hpmkd.registry import Registry
    from hpmkd.seeds import Seeds
    from hpmkd.teaching import Taught
    from hpmkd.values import FloatArray


@dataclass(frozen=True)
class Learning:
    """The student half of a run; :class:`~hpmkd.teaching.Teaching` is the other.

    Parameters
    ----------
    training : Dataset
        All training rows.
    stages : mapping of str to StageInPlay
        The stages in the race, simple ones first.
    scheduler : Scheduler
        Says how soft targets are; hears of every trial.
    recipe, parts, seeds, executor, counts, progress, registry
        Of the run.
    features : Shelf
        Where encoded rows are looked for.
    """

    training: Dataset
    stages: Mapping[str, StageInPlay]
    scheduler: Scheduler
    recipe: Recipe
    parts: Components
    seeds: Seeds
    executor: Executor
    counts: Counts
    progress: Progress
    registry: Registry
    features: Shelf = UNKEPT

    @property
    def encodings(self) -> set[str]:
        """The encodings that the stages in the race read."""
        return {played.stage.encoding for played in self.stages.values()}

    def search(self, selection: Sequence[SelectionSplit], alphas: Sequence[float]) -> list[Trial]:
        """Evaluate configurations until the sampler has no more to ask."""
        settings = self.recipe.search
        space = SearchSpace(
            stages={name: played.stage for name, played in self.stages.items()},
            temperatures=settings.temperatures,
            alphas=tuple(sorted({0.0, *alphas})),
            seed=self.seeds.sampler,
        )
        search = Search(
            sampler=self.parts.sampler.create(space),
            scheduler=self.scheduler,
            executor=self.executor,
            data=self._data(selection),
            batch=settings.batch,
            on_trial=self._trial_finished,
        )
        self.progress.start("search", search.sampler.total or settings.batch)
        trials = search.run()
        self.progress.finish()
        return trials

    def refit(self, trials: Sequence[Trial], taught: Taught) -> Finalists:
        """Fit each stage's best and its control on all training rows."""
        paired = pairs(trials, self.stages)
        self.progress.start("refit", 2 * len(paired))
        data = self._refit_data(taught.knowledge.soft_targets, taught.extra)
        finalists = fit_finalists(paired, data, self.executor, self._student_fitted)
        self.progress.finish()
        for stage, refitted in finalists.students.items():
            self.registry.notify("hpmkd_stage_finished", stage=stage, trial=refitted.trial)
        return finalists

    def ensemble(
        self, finalists: Finalists, selection: Sequence[SelectionSplit]
    ) -> Ensemble | None:
        """Fuse the strongest students; None if there are not two of them."""
        names = strongest(finalists, self.recipe.ensemble.top)
        if len(names) < 2:
            return None
        configurations = [finalists.students[name].trial.configuration for name in names]
        said = unseen(configurations, self._data(selection), self.executor)
        self.counts.models_trained += len(names) * len(selection)
        rows = np.sort(np.concatenate([split.held_rows for split in selection]))
        asked = self.training.rows(rows)
        return fit_ensemble(finalists, names, said, self.parts.fuser, asked.labels, asked.table)

    def collapse(
        self,
        finalists: Finalists,
        ensemble: Ensemble | None,
        selection: Sequence[SelectionSplit],
        taught: Taught,
        alphas: Sequence[float],
    ) -> tuple[Finalists, Gate]:
        """Distil the ensemble into the chosen stage; kept if the selection rows say so."""
        if ensemble is None:
            return finalists, Gate("collapse", False, "there are not two students to fuse")
        alphas = [alpha for alpha in alphas if alpha > 0]
        if not alphas:
            return finalists, Gate("collapse", False, "no alpha above 0 may be tried")
        members = [finalists.students[name].trial.configuration for name in ensemble.names]
        n_folds, seed = self.recipe.split.teacher_folds, self.seeds.students
        collapse = Collapse(members, self.parts.fuser, self.executor, n_folds, seed)
        retargeted = []
        for split in selection:
            seen = np.setdiff1d(np.arange(len(self.training)), split.held_rows)
            rows = self.training.rows(seen)
            said = self._taught_by(collapse, rows, split.training.soft_targets)
            retargeted.append(retarget(split, said))
        before = finalists.students[finalists.chosen].trial
        trials = [
            collapse.trial(
                replace(before.configuration, alpha=alpha, temperature=1.0),
                self._data(retargeted),
                before.number,
            )
            for alpha in alphas
        ]
        self.counts.models_trained += len(trials) * len(selection)
        after = min(trials, key=lambda trial: trial.log_loss)
        decision = gate("collapse", before, after)
        if not decision.passed:
            return finalists, decision
        said = self._taught_by(collapse, self.training, taught.knowledge.soft_targets)
        data = self._refit_data(said, taught.extra)
        student = writable(refit(data, after.configuration), after, data)
        self.counts.models_trained += 1
        if isinstance(student, str):
            return finalists, Gate("collapse", False, student)
        return finalists.with_collapsed(Refitted(after, student)), decision

    def _taught_by(self, collapse: Collapse, rows: Dataset, soft_targets: FloatArray) -> FloatArray:
        said = collapse.soft_targets(rows, soft_targets, self._data([]), self.encodings)
        self.counts.models_trained += len(collapse.members) * min(collapse.n_folds, len(rows))
        return said

    def _data(self, selection: Sequence[SelectionSplit]) -> SearchData:
        return SearchData(tuple(selection), self.stages, self.scheduler, self.seeds.students)

    def _refit_data(self, soft_targets: FloatArray, extra: Labelled | None) -> RefitData:
        rows = TrainingRows.encode(
            self.training, soft_targets, self.encodings, extra, self.features
        )
        return RefitData(rows, self.stages, self.scheduler, self.seeds.students)

    def _trial_finished(self, trial: Trial) -> None:
        self.counts.models_trained += trial.models_trained
        self.registry.notify("hpmkd_trial_finished", trial=trial)
        self.progress.advance()

    def _student_fitted(self) -> None:
        self.counts.models_trained += 1
        self.progress.advance()


def stages_in_play(parts: Components) -> dict[str, StageInPlay]:
    """Build the stages of a recipe, simple ones first."""
    in_play = [
        StageInPlay(name, selected.offered.plugin, selected.create())
        for name, selected in parts.stages.items()
    ]
    ordered = sorted(in_play, key=lambda played: (played.stage.complexity, played.name))
    return {played.name: played for played in ordered}
