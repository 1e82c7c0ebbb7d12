"""Step 6: the winners are fitted on all rows, with what is made of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpmkd.data import splits
from hpmkd.engine.final_selection import FinalSelection
from hpmkd.errors import HpmkdError, PluginError, PluginWarning
from hpmkd.evaluation.gates import Gate, gate, gates_of_fuser
from hpmkd.training.ensemble import Ensemble, fit_ensemble, strongest
from hpmkd.training.ensemble_distillation import BREAKS_LIMIT, EnsembleDistillation
from hpmkd.training.refit import Finalists, Refitted, fit_finalists, pairs

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.engine.chain import ChainResult
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.teach import TeacherOutputs
    from hpmkd.training.provenance import Provenance
    from hpmkd.values import Trial


@dataclass(frozen=True)
class FinishedStudents:
    """All students that a run fitted on all rows."""

    finalists: Finalists  # each stage's best and its control; the one that ships
    ensemble: Ensemble | None
    gates: Sequence[Gate]  # of the fusers, and of distilling the ensemble
    #: The shipped configuration fitted to its control's predictions instead of the teachers'. A
    #: string is the reason why there is none; None, where there is nothing to compare.
    self_distilled: Predictor | str | None
    front: Sequence[Refitted]  # further students on the Pareto front
    notes: Sequence[str]  # what the verdict should mention of the limits


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
    with ctx.counts.phase("refit"):
        finalists = _refit(ctx, outputs, chained.provenance.trials, selection)
        ensemble = _fuse(ctx, outputs, finalists, chained.provenance)
        gates = gates_of_fuser("fuser of the teachers", outputs.knowledge.fused.fuser)
        if ensemble is not None:
            gates += gates_of_fuser(
                "fuser of the ensemble", ensemble.fusion.summary(ensemble.names)
            )
        if ctx.recipe.ensemble.collapse:
            finalists, decision = _distil_ensemble(ctx, outputs, finalists, ensemble, selection)
            gates.append(decision)
        return FinishedStudents(
            finalists=finalists,
            ensemble=ensemble,
            gates=gates,
            self_distilled=_self_distil(ctx, outputs, finalists),
            front=_fit_front(ctx, finalists, selection),
            notes=selection.notes(finalists),
        )


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
            notes.append(
                f"{stage}: fitted on {len(selection.training)} rows, hard labels win after all: "
                f"{better.trial.log_loss:.4f} nats on the selection rows, and "
                f"{beaten.trial.log_loss:.4f} with the teacher"
            )
    return notes


def _fuse(
    ctx: RunContext, outputs: TeacherOutputs, finalists: Finalists, provenance: Provenance
) -> Ensemble | None:
    """Fuse the strongest students; None if there are not two of them, or the fuser fails."""
    names = strongest(finalists, ctx.recipe.ensemble.top)
    if len(names) < 2:
        return None
    held, fuser = outputs.held, ctx.parts.ensemble_fuser
    try:
        return fit_ensemble(finalists, names, fuser, held.labels, held.table, provenance)
    except PluginError as failed:
        warnings.warn(f"there is no ensemble: {failed}", PluginWarning, stacklevel=3)
        return None


def _distil_ensemble(
    ctx: RunContext,
    outputs: TeacherOutputs,
    finalists: Finalists,
    ensemble: Ensemble | None,
    selection: FinalSelection,
) -> tuple[Finalists, Gate]:
    """Distil the ensemble into the chosen stage; kept if it pays on the selection rows."""
    if ensemble is None:
        return finalists, Gate("collapse", False, "there are not two students to fuse")
    shipped = finalists.students[finalists.chosen].trial
    before = selection.provenance.trial_of(shipped.configuration) or shipped
    members = [finalists.students[name].trial.configuration for name in ensemble.names]
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
    with ctx.progress.phase("collapse"):
        after, decision = distillation.attempt(before, outputs.selection_sets, outputs.alphas)
        if after is None:
            return finalists, decision
        try:
            training = distillation.with_soft_targets(outputs.training)
            student = ctx.trainer.fit(training, after.configuration)
            distilled = selection.finish(after, student)
        except HpmkdError as failed:
            return finalists, Gate("collapse", False, str(failed))
    if selection.keeps_limits(finalists.shipped) > selection.keeps_limits(distilled):
        return finalists, Gate("collapse", False, BREAKS_LIMIT)
    if outputs.final_rows is not None:
        decision = gate("collapse", finalists.shipped.trial, distilled.trial)
    return (replace(finalists, collapsed=distilled) if decision.passed else finalists), decision


def _self_distil(
    ctx: RunContext, outputs: TeacherOutputs, finalists: Finalists
) -> Predictor | str | None:
    """Fit the shipped configuration to its control's predictions instead of the teachers'.

    It separates knowledge from smoothing: this student has soft labels as well, but from no
    model that knew more. None if the shipped student learns from no teacher, or a stage fails; a
    string is the reason why the budget or the number of rows does not allow it.
    """
    shipped = finalists.shipped.trial.configuration
    control = finalists.controls[finalists.chosen].trial.configuration
    if shipped.hard:
        return None
    most, n = ctx.recipe.split.own_above, len(outputs.training)
    refusal = ctx.budget_plan.refusal_of_self_distillation(shipped, control)
    if splits.exceeds(n, most):
        refusal = f"there are {n} training rows, more than {most} (split.own_above)"
    if refusal:
        return f"Not compared with self-distillation: {refusal}"
    try:
        with ctx.progress.phase("controls"):
            predicted = ctx.trainer.parents.out_of_fold(outputs.training, control)
            training = outputs.training.with_soft_targets(predicted.rows, predicted.extra)
            return ctx.trainer.fit(training, shipped)
    except HpmkdError as failed:
        message = f"the shipped student is not compared with self-distillation: {failed}"
        warnings.warn(message, PluginWarning, stacklevel=3)
        return None


def _fit_front(
    ctx: RunContext, finalists: Finalists, selection: FinalSelection
) -> Sequence[Refitted]:
    """Fit the other trials on the Pareto front, with the models that are left.

    Where the student to ship breaks a limit, that was done already: none on it kept them.
    """
    if not selection.keeps_limits(finalists.shipped):
        return ()
    with ctx.progress.phase("front"):
        return selection.front(finalists, ctx.recipe.front.size)
