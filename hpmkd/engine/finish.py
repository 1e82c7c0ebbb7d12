"""Step 6: the winners are fitted on all rows, with what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.engine.choice import better, choose, pool
from hpmkd.engine.final_selection import FinalSelection
from hpmkd.engine.summaries import named_students
from hpmkd.errors import HpmkdError, PluginWarning, warn
from hpmkd.evaluation.gates import Gate, gate, gates_of_fuser
from hpmkd.execution.counters import COLLAPSE, CONTROLS, REFITS
from hpmkd.training.ensemble import ENSEMBLE, HARD_ENSEMBLE
from hpmkd.training.ensemble_distillation import (
    ALPHAS,
    BREAKS_LIMIT,
    COLLAPSED,
    EnsembleDistillation,
)
from hpmkd.training.refit import Finalists, NamedStudent, Refitted, fit_finalists, leading, pairs

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.engine.chain import ChainResult
    from hpmkd.engine.choice import Pooled
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.teacher_outputs import TeacherOutputs
    from hpmkd.training.ensemble import Ensemble
    from hpmkd.values import FloatArray, Trial


@dataclass(frozen=True)
class FinishedStudents:
    """All students that a run fitted on all rows."""

    finalists: Finalists  # each stage's best and its control; what ships, and what it is judged by
    ensemble: Ensemble | None
    pooled: Refitted | None  # the ensemble as one student; None where it is none
    gates: Sequence[Gate]  # of the fusers, and of distilling the ensemble
    #: The shipped configuration fitted to its control's predictions instead of the teachers'. A
    #: string is the reason why there is none; None, where there is nothing to compare.
    self_distilled: Predictor | str | None
    front: Sequence[Refitted]  # further students on the Pareto front


def finish(ctx: RunContext, outputs: TeacherOutputs, chained: ChainResult) -> FinishedStudents:
    """Fit winners, controls, ensemble and the front on all rows."""
    selection = FinalSelection(
        chained.provenance,
        outputs.training,
        outputs.ranking,
        ctx.trainer,
        ctx.budget_plan,
        outputs.final_rows,
    )
    with ctx.counts.phase("refit"), ctx.counts.purpose(REFITS):
        finalists = _refit(ctx, outputs, chained.provenance.trials, selection)
        finalists, pooled, decided = _choose(ctx, outputs, selection, finalists)
        ensemble = None if pooled is None else pooled.ensemble
        gates = gates_of_fuser("fuser of the teachers", outputs.knowledge.fused.fuser)
        if ensemble is not None:
            gates += gates_of_fuser(
                "fuser of the ensemble", ensemble.fusion.summary(ensemble.names)
            )
        gates += decided
        if ctx.recipe.ensemble.collapse:
            finalists, decision = _distil_ensemble(ctx, outputs, finalists, ensemble, selection)
            gates.append(decision)
        return FinishedStudents(
            finalists=finalists,
            ensemble=ensemble,
            pooled=None if pooled is None else pooled.student,
            gates=gates,
            self_distilled=_self_distil(ctx, outputs, finalists),
            front=_fit_front(ctx, finalists, selection),
        )


def _choose(
    ctx: RunContext, outputs: TeacherOutputs, selection: FinalSelection, finalists: Finalists
) -> tuple[Finalists, Pooled | None, list[Gate]]:
    """Choose what ships: each stage's best, or a pool; and by the same rules the control.

    The control is what would ship if there were no teacher. Of a pool that is not gated a gate
    names what the selection rows would have chosen, or why it does not ship.
    """
    named = named_students(finalists, ())
    members = {name: each for name, role, each in named if role in ("student", "control")}
    # A control has the name of its stage only where it is the student of it as well.
    names = {each.trial.configuration.key: name for name, each in members.items()}
    controls = {names[each.trial.configuration.key]: each for each in finalists.controls.values()}
    hard = pool(ctx, outputs, selection, controls)
    ensemble = ctx.recipe.ensemble
    gated = ensemble.gated or ensemble.top < 2  # of one there is none, and none was requested
    control, _ = choose(selection, finalists.controls, hard, HARD_ENSEMBLE, gated=gated)
    own = pool(ctx, outputs, selection, members) if outputs.teaches else None
    pooled = better(selection, own, hard)
    if pooled is not None and pooled is hard and control.name == HARD_ENSEMBLE:
        control = replace(control, name=ENSEMBLE)  # it is on the leaderboard already
    shipped, note = choose(selection, finalists.students, pooled, gated=gated)
    decided = []
    if note is not None and gated:
        ctx.note(note)
    elif note is not None:
        decided = [Gate(ENSEMBLE, shipped.name == ENSEMBLE, note)]
    if shipped.refitted.trial.configuration.hard:
        control = shipped
    if selection.keeps_limits(shipped.refitted) > selection.keeps_limits(control.refitted):
        ctx.note(
            "no student on hard labels keeps the limits: the shipped student is compared with "
            f"{control.name}, which does not"
        )
    return replace(finalists, shipped=shipped, control=control), pooled, decided


def _refit(
    ctx: RunContext, outputs: TeacherOutputs, trials: Sequence[Trial], selection: FinalSelection
) -> Finalists:
    """Fit each stage's best and its control on all rows."""
    paired = pairs(trials, ctx.trainer.fitting.stages, outputs.ranking)
    ctx.progress.start("refit", 2 * len(paired))
    chosen = [each for pair in paired.values() for each in pair.trials]
    data = ctx.trainer.refit_data(outputs.training, [each.configuration for each in chosen])
    cuts = selection.cuts(chosen) if ctx.recipe.front.size else []

    def fitted() -> None:
        ctx.trainer.trained(1)
        ctx.progress.advance()

    finalists = selection.replace_violators(
        fit_finalists(paired, cuts, data, ctx.pipeline, fitted, selection.finish),
        ctx.recipe.front.size,
    )
    ctx.progress.finish()
    winners = [pair.student for pair in paired.values()]
    for note in _notes_of_hard_winners(winners, finalists, selection):
        ctx.note(note)
    for stage, refitted in finalists.students.items():
        ctx.registry.notify("hpmkd_stage_finished", stage=stage, trial=refitted.trial)
    return finalists


def _notes_of_hard_winners(
    winners: Sequence[Trial], finalists: Finalists, selection: FinalSelection
) -> list[str]:
    """Return notes on stages whose soft trial won on few rows, and whose hard one on all."""
    fitted = {each.trial.configuration.key: each for each in finalists.refitted}
    notes = []
    for winner in winners:
        stage, beaten = winner.configuration.stage, fitted.get(winner.configuration.key)
        better = finalists.students.get(stage)
        if better is None or beaten is None or not selection.keeps_limits(beaten):
            continue
        if better.trial.configuration.hard and not winner.configuration.hard:
            metric = selection.ranking.metric
            notes.append(
                f"{stage}: fitted on {len(selection.training)} rows, hard labels win after all: "
                f"{metric.score(better.trial.loss):.4f} {metric.unit} on the selection rows, and "
                f"{metric.score(beaten.trial.loss):.4f} with the teacher"
            )
    return notes


def _distil_ensemble(
    ctx: RunContext,
    outputs: TeacherOutputs,
    finalists: Finalists,
    ensemble: Ensemble | None,
    selection: FinalSelection,
) -> tuple[Finalists, Gate]:
    """Distil the ensemble into the chosen stage; kept if it pays on the selection rows."""
    if ensemble is None:
        return finalists, Gate("collapse", False, "there are no two students to fuse")
    stage = leading(finalists.students).name
    shipped = finalists.students[stage].trial
    before = selection.provenance.trial_of(shipped.configuration) or shipped
    named = {name: each for name, _, each in named_students(finalists, ())}
    members = [named[name].trial.configuration for name in ensemble.names]
    if refusal := ctx.budget_plan.refusal_of_ensemble(
        members, before.configuration, len(outputs.alphas), len(outputs.selection_sets)
    ):
        return finalists, Gate("collapse", False, f"not tried: {refusal}")
    distillation = EnsembleDistillation(
        members,
        ctx.parts.ensemble_fuser,
        ctx.trainer.parents,
        ctx.trainer.evaluate,
        outputs.ranking,
    )
    with ctx.progress.phase("collapse"), ctx.counts.purpose(COLLAPSE):
        alphas = outputs.alphas if any(outputs.alphas) else ALPHAS
        after, decision = distillation.attempt(before, outputs.selection_sets, alphas)
        if after is None:
            return finalists, decision
        try:
            training = distillation.with_soft_targets(outputs.training)
            student = ctx.trainer.fit(training, after.configuration)
            distilled = selection.finish(after, student)
        except HpmkdError as failed:
            return finalists, Gate("collapse", False, str(failed))
    rival = finalists.shipped.refitted
    if selection.keeps_limits(rival) > selection.keeps_limits(distilled):
        return finalists, Gate("collapse", False, BREAKS_LIMIT)
    # It must beat what ships otherwise, a pool perhaps.
    if decision.passed:
        decision = gate("collapse", rival.trial, distilled.trial, outputs.ranking.metric)
    if not decision.passed:
        return finalists, decision
    return replace(finalists, shipped=NamedStudent(COLLAPSED, distilled)), decision


def _self_distil(
    ctx: RunContext, outputs: TeacherOutputs, finalists: Finalists
) -> Predictor | str | None:
    """Fit the shipped configuration to its control's predictions instead of the teachers'.

    It separates knowledge from smoothing: this student has soft labels as well, but from no
    model that knew more. None if the shipped student learns from no teacher, or a stage fails; a
    string is the reason why the budget or the number of rows does not allow it.
    """
    shipped = finalists.shipped.refitted.trial.configuration
    if shipped.hard:
        return None
    if shipped.stage not in finalists.controls:
        return "Not compared with self-distillation: several students ship together"
    control = finalists.controls[shipped.stage].trial
    predicted = control.probabilities
    if not control.students or predicted is None or len(predicted) != len(outputs.training):
        return (
            "Not compared with self-distillation: its control was not cross-validated on all "
            "training rows"
        )
    if refusal := ctx.budget_plan.refusal_of_self_distillation(shipped):
        return f"Not compared with self-distillation: {refusal}"
    try:
        with ctx.progress.phase("controls"), ctx.counts.purpose(CONTROLS):
            training = outputs.training
            extra = None if training.extra is None else training.extra.table
            of_extra = None if extra is None else _mean_of(control.students, extra)
            own = training.with_soft_targets(predicted, of_extra)
            return ctx.trainer.fit(own, shipped)
    except HpmkdError as failed:
        message = f"the shipped student is not compared with self-distillation: {failed}"
        warn(message, PluginWarning)
        return None


def _fit_front(
    ctx: RunContext, finalists: Finalists, selection: FinalSelection
) -> Sequence[Refitted]:
    """Fit the other trials on the Pareto front, with the models that are left.

    Where the student to ship breaks a limit, that was done already: none on it kept them.
    """
    if not selection.keeps_limits(finalists.shipped.refitted):
        return ()
    with ctx.progress.phase("front"):
        return selection.front(finalists, ctx.recipe.front.size)


def _mean_of(students: Sequence[Predictor], table: Any) -> FloatArray:
    mean: FloatArray = np.mean([each.predict_proba(table) for each in students], axis=0)
    return mean
