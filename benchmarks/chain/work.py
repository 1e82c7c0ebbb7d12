"""The engine's own steps around one problem: what arms of the chain are made of."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.chain.answers import Answer, answered
from benchmarks.chain.rivals import LINES
from benchmarks.chain.teachers import ProblemTeachers, TeacherOutputs, parts
from benchmarks.common.engine import active_stages, judge
from hpmkd.chain.parents import ParentStudents
from hpmkd.execution.pipeline import ParallelDistillationPipeline
from hpmkd.training.fit import FitContext
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
    teachers : ProblemTeachers
        Of the problem.
    outputs : TeacherOutputs
        Of the teachers that count.
    """

    def __init__(self, teachers: ProblemTeachers, outputs: TeacherOutputs) -> None:
        self.teachers, self.outputs = teachers, outputs
        scheduler, seed = parts().scheduler.create(), teachers.seeds.students
        self.fitting = FitContext(active_stages(STAGES), TRANSFERS, scheduler, seed)
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
        prepared = [self.parents.prepare_set(each, tried) for each in self.outputs.selection_sets]
        return judge(prepared, self.fitting, tried)

    def linear(self, alphas: Sequence[float] = (0.0,)) -> Configuration:
        """Return the linear student that the selection rows prefer."""
        tried = [Configuration("logistic", 1.0, alpha, line) for alpha in alphas for line in LINES]
        return self.best(tried).configuration

    def answer(self, best: Trial) -> Answer:
        """Refit the best on all rows, and answer."""
        chosen = best.configuration
        training = self.parents.prepared(self.outputs.training, [chosen])
        student = self.fitting.student(training, chosen)
        after = "" if chosen.after is None else str(chosen.after)
        choice = {**chosen.hyperparameters, "alpha": chosen.alpha, "after": after}
        table = self.teachers.problem.test.table
        return answered(student, table, **choice, selection=best.log_loss)
