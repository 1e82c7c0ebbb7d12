"""Step 5: stages build on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.chain.chain import ProgressiveDistillationChain
from hpmkd.engine.search import with_control
from hpmkd.engine.selection_sets import encoding_of
from hpmkd.execution.counters import LINKS
from hpmkd.training.provenance import Provenance
from hpmkd.training.race import RowLosses

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.search import SearchResult
    from hpmkd.engine.teacher_outputs import TeacherOutputs
    from hpmkd.evaluation.gates import Gate
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class ChainResult:
    """What may win after the chain."""

    provenance: Provenance  # its trials may win: those of the search, and of the accepted links
    tried: Sequence[Trial]  # all trials, those of refused links included
    gates: Sequence[Gate]


def chain(ctx: RunContext, outputs: TeacherOutputs, found: SearchResult) -> ChainResult:
    """Try every link of the chain on top of what the search found."""
    tried = list(found.trials)

    def evaluate(configurations: Sequence[Configuration], leader: Trial) -> list[Trial]:
        sets = outputs.selection_sets
        trials = ctx.trainer.evaluate(sets, configurations, RowLosses.of(leader))
        tried.extend(trials)
        return trials

    def refusal(configurations: Sequence[Configuration], eligible: Sequence[Trial]) -> str | None:
        return ctx.budget_plan.refusal_of_link(configurations, eligible, outputs.selection_sets)

    with ctx.counts.phase("chain"), ctx.counts.purpose(LINKS):
        ctx.progress.start("chain", len(ctx.links))
        eligible, gates = ProgressiveDistillationChain(
            ctx.links,
            with_control(outputs.alphas),
            evaluate,
            ctx.progress.advance,
            refusal,
            outputs.ranking,
        ).run(found.trials)
        ctx.progress.finish()
    sketch = outputs.training.sketch(encoding_of(ctx)[1]) if ctx.recipe.drift.sketch else None
    provenance = Provenance(found.run, eligible, sketch, ctx.recipe.limits.max_size)
    return ChainResult(provenance, tried, gates)
