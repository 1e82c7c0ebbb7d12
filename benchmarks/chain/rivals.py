"""The rivals of the chain benchmark: hard controls, naive KD, plain KD, and Optuna.

Hard controls have no teacher; naive KD has the same candidates and the same selection rows.
A control that is ``crossed`` is chosen by cross-validation on all rows instead, which needs no
teacher: the strongest control.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from benchmarks.chain.answers import Answer, answered
from benchmarks.chain.boosted import Shape, best_of, finished, shape_a, shape_b, shape_depth3
from benchmarks.chain.teachers import ProblemTeachers, TeacherOutputs, parts
from benchmarks.common.engine import active_stages, judge
from benchmarks.common.rivals import tuned_xgboost
from hpmkd.training.fit import FitContext
from hpmkd.values import Configuration
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.tree import TreeStage

NAIVE_ALPHA, NAIVE_TEMPERATURE = 0.5, 3.0
#: Weights of the teacher that plain KD tries, once its hyperparameters are chosen at the second.
ALPHAS = (0.1, 0.25, 0.5, 1.0)


def hard_boosted(shape_of: Callable[[int], Shape], *, crossed: bool = False):
    """Return the arm of a boosted student on hard labels."""

    def arm(teachers: ProblemTeachers) -> Answer:
        outputs = teachers.hard_crossed if crossed else teachers.hard
        return _tuned(shape_of, teachers, outputs, 0.0, 1.0)

    return arm


def naive_boosted(shape_of: Callable[[int], Shape]) -> Callable[[ProblemTeachers], Answer]:
    """Return the arm of naive KD: the teachers' uniform raw mean, alpha .5, T 3."""

    def arm(teachers: ProblemTeachers) -> Answer:
        return _tuned(shape_of, teachers, teachers.uniform, NAIVE_ALPHA, NAIVE_TEMPERATURE)

    return arm


def _tuned(
    shape_of, teachers: ProblemTeachers, outputs: TeacherOutputs, alpha: float, temperature: float
) -> Answer:
    shape = shape_of(teachers.problem.n_classes)
    tried = [Configuration("boosted", temperature, alpha, each) for each in shape.candidates()]
    chosen = best_of(shape, outputs, tried, teachers.seeds.students)
    return finished(shape, teachers, outputs, chosen)


def plain_boosted(shape_of: Callable[[int], Shape], *, munge: bool):
    """Return the arm of plain KD: fused teachers, T 1, then alpha, by selection; no chain."""

    def arm(teachers: ProblemTeachers) -> Answer:
        outputs = teachers.fused if munge else teachers.fused.without_extra()
        shape, seed = shape_of(teachers.problem.n_classes), teachers.seeds.students
        candidates = shape.candidates()
        tried = [Configuration("boosted", 1.0, ALPHAS[1], each) for each in candidates]
        first = best_of(shape, outputs, tried, seed)
        settings = first[0].hyperparameters
        others = [Configuration("boosted", 1.0, a, settings) for a in ALPHAS if a != ALPHAS[1]]
        second = best_of(shape, outputs, others, seed)
        best = min(first, second, key=lambda found: found[2])
        return finished(shape, teachers, outputs, best)

    return arm


#: Candidates of the single tree, and of the linear student.
TREES = [
    {"max_leaf_nodes": leaves, "min_samples_leaf": least, "shrinkage": shrinkage}
    for leaves, least, shrinkage in product(
        (8, 16, 32, 64, 128, 256), (1, 5, 20, 50), (0.5, 2.0, 8.0)
    )
]
LINES = [{"C": c} for c in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)]


def staged(
    stage, tried: list[dict], outputs_by, alphas=(0.0,)
) -> Callable[[ProblemTeachers], Answer]:
    """Return the arm of a stage of the engine, tuned over candidates and alphas."""

    def arm(teachers: ProblemTeachers) -> Answer:
        outputs = outputs_by(teachers)
        active = active_stages({"stage": stage})
        context = FitContext(active, {}, parts().scheduler.create(), teachers.seeds.students)
        candidates = [Configuration("stage", 1.0, a, each) for a in alphas for each in tried]
        trials = judge(outputs.selection_sets, context, candidates)
        best = min(trials, key=lambda trial: trial.log_loss)
        student = context.student(outputs.training, best.configuration)
        chose = {**best.configuration.hyperparameters, "alpha": best.configuration.alpha}
        return answered(student, teachers.problem.test.table, **chose, selection=best.log_loss)

    return arm


def optuna(teachers: ProblemTeachers) -> Answer:
    """Answer with the XGBoost that a user would tune."""
    training, seed = teachers.problem.training, teachers.problem.seed
    model = tuned_xgboost(training.table, training.labels, seed)
    booster = model.named_steps["model"].get_booster()
    predicted = model.predict_proba(teachers.problem.test.table)
    chose = model.named_steps["model"].get_params()
    names = ("n_estimators", "max_depth", "learning_rate", "subsample", "colsample_bytree")
    choice = {name: chose[name] for name in names}
    return Answer(predicted, len(booster.save_raw("ubj")), None, choice)


def teacher(teachers: ProblemTeachers) -> Answer:
    """Answer with the fused teachers."""
    return Answer(teachers.fused.test)


RIVALS: dict[str, Callable[[ProblemTeachers], Answer]] = {
    "teacher": teacher,
    "optuna": optuna,
    "hard A": hard_boosted(shape_a),
    "hard B": hard_boosted(shape_b),
    "hard A crossed": hard_boosted(shape_a, crossed=True),
    "hard depth 3": hard_boosted(shape_depth3),
    "hard tree": staged(TreeStage(), TREES, lambda teachers: teachers.hard),
    "hard tree crossed": staged(TreeStage(), TREES, lambda teachers: teachers.hard_crossed),
    "hard logistic": staged(LogisticStage(), LINES, lambda teachers: teachers.hard),
    "naive A": naive_boosted(shape_a),
    "naive B": naive_boosted(shape_b),
    "naive depth 3": naive_boosted(shape_depth3),
    "naive tree": staged(TreeStage(), TREES, lambda teachers: teachers.uniform, (NAIVE_ALPHA,)),
    "plain A": plain_boosted(shape_a, munge=False),
    "plain A munge": plain_boosted(shape_a, munge=True),
    "plain depth 3 munge": plain_boosted(shape_depth3, munge=True),
    "plain tree munge": staged(TreeStage(), TREES, lambda teachers: teachers.fused, (0.5, 1.0)),
}
