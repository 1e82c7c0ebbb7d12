"""The engine's own steps around one problem: what arms of the chain are made of."""

from __future__ import annotations

from collections.abc import Sequence

from chain_answers import Answer, answered
from chain_rivals import LINES
from chain_teachers import TeacherOutputs, TrainingSet, parts

from hpmkd.chain.parents import ParentStudents
from hpmkd.execution.pipeline import ParallelDistillationPipeline
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.trials import RefitData, SearchData, evaluate, refit
from hpmkd.values import Configuration, Trial
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.tree import TreeStage
from hpmkd_defaults.transfers.assistant import Assistant
from hpmkd_defaults.transfers.mix import Mix
from hpmkd_defaults.transfers.residual import Residual

STAGES = {
    "logistic": LogisticStage(),
    "tree": TreeStage(),
    "gbm": GBMStage(),
    "xgboost": XGBoostStage(),
}
TRANSFERS = {"residual": Residual(), "assistant": Assistant(), "mix": Mix()}


class Work:
    """Fits and judges configurations, as a run does.

    Parameters
    ----------
    training_set : TrainingSet
        The problem.
    heard : TeacherOutputs
        Which teachers speak.
    """

    def __init__(self, training_set: TrainingSet, heard: TeacherOutputs) -> None:
        self.training_set, self.heard = training_set, heard
        stages = {name: ActiveStage(name, "benchmark", stage) for name, stage in STAGES.items()}
        scheduler, seed = parts().scheduler.create(), training_set.seeds.students
        self.fitting = FitContext(stages, TRANSFERS, scheduler, seed)
        self.parents = ParentStudents(
            self.fitting,
            ParallelDistillationPipeline(parts().executor.create()),
            n_folds=5,
            on_trained=lambda n: None,
        )

    def best(self, tried: Sequence[Configuration]) -> Trial:
        """Return the one that the selection rows prefer; ties go to the control."""
        trials = self.judge(tried)
        return min(trials, key=lambda trial: (trial.log_loss, not trial.configuration.hard))

    def judge(self, tried: Sequence[Configuration]) -> list[Trial]:
        """Judge configurations by the selection rows."""
        prepared = self.parents.prepared
        splits = tuple(
            selection_set.split(prepared(selection_set.training_set, tried))
            for selection_set in self.heard.selection_sets
        )
        data = SearchData(splits, self.fitting)
        trials = [evaluate(data, task) for task in enumerate(tried)]
        for trial in trials:
            if trial.failure is not None:
                raise RuntimeError(trial.failure)
        return trials

    def linear(self, alphas: Sequence[float] = (0.0,)) -> Configuration:
        """Return the linear student that the selection rows prefer."""
        tried = [Configuration("logistic", 1.0, alpha, line) for alpha in alphas for line in LINES]
        return self.best(tried).configuration

    def answer(self, best: Trial) -> Answer:
        """Refit the best on all rows, and answer."""
        chosen = best.configuration
        training = self.parents.prepared(self.heard.training_set, [chosen])
        student = refit(RefitData(training, self.fitting), chosen)
        if isinstance(student, str):
            raise RuntimeError(student)
        after = "" if chosen.after is None else str(chosen.after)
        told = {**chosen.hyperparameters, "alpha": chosen.alpha, "after": after}
        table = self.training_set.problem.test.table
        return answered(student, table, **told, selection=best.log_loss)
