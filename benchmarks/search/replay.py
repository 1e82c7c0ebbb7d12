"""One search over a table: the engine's own search and sampler, with students looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from benchmarks.chain.teachers import registry
from benchmarks.chain.work import STAGES
from benchmarks.search.fits import Table
from benchmarks.search.points import N_POINTS, Spot, n_known
from hpmkd.data.dataset import Dataset
from hpmkd.engine.context import open_context
from hpmkd.engine.search import search_hard, search_soft
from hpmkd.evaluation.ranking import NO_LIMITS
from hpmkd.knowledge.fusion import Knowledge
from hpmkd.knowledge.regime import SELF
from hpmkd.recipe.recipe import Recipe
from hpmkd.runs.checkpoint import RunCheckpoint
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.fit import ActiveStage
from hpmkd.training.refit import best
from hpmkd.values import Configuration, DataFacts, Outcome, Trial
from hpmkd_defaults.samplers.random_draws import named_seed

#: Which points a sampler knows of before it draws: a stage's own (defaults and portfolio), as
#: in a run; or as many that the seed draws, so that the choice of the first ones is not measured.
OWN_FIRST, SHUFFLED = "own first", "shuffled"
ORDERS = (OWN_FIRST, SHUFFLED)


@dataclass(frozen=True)
class Arm:
    """A sampler with its recipe.

    Parameters
    ----------
    recipe : str
        Name of a shipped recipe.
    changes : mapping
        What differs from it, by dotted path.
    only : str or None
        The one stage that takes part; None for all four.
    """

    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    only: str | None = None

    @property
    def stages(self) -> list[str]:
        """The stages that take part."""
        return [self.only] if self.only else list(STAGES)

    def loaded(self) -> Recipe:
        """Return the recipe; what is remembered does not come from its memory."""
        return _loaded(self.recipe, (*self.changes.items(), ("memory.name", "none")), self.only)


@cache
def _loaded(name: str, changes: tuple[tuple[str, Any], ...], only: str | None) -> Recipe:
    recipe = Recipe.load(name).override(dict(changes))
    return recipe if only is None else recipe.only(only)


class PointStage:
    """A stage whose space is the choice among the points of its table.

    Parameters
    ----------
    name : str
        The stage that it stands for.
    known : sequence of int
        The points that are its defaults and portfolio.
    """

    encoding: ClassVar[str] = "tree"

    def __init__(self, name: str, known: Sequence[int]) -> None:
        self.complexity = STAGES[name].complexity
        self.defaults, *self.portfolio = ({"point": point} for point in known)

    def space(self, trial: Any) -> Mapping[str, int]:
        """Draw a point."""
        return {"point": trial.suggest_categorical("point", list(range(N_POINTS)))}

    def fit(self, inputs: Any) -> Any:
        """Fit nothing: its students are in the table."""
        raise NotImplementedError


def stages(arm: Arm, order: str, seed: int) -> dict[str, ActiveStage]:
    """Return what stands for the stages."""
    found = {}
    for name in arm.stages:
        known = list(range(n_known()[name]))
        if order == SHUFFLED:
            rng = np.random.default_rng(named_seed(seed, name))
            known = rng.permutation(N_POINTS)[: len(known)].tolist()
        found[name] = ActiveStage(name, "benchmark", PointStage(name, known))
    return found


class Lookup:
    """A pipeline that looks trials up in a table; missing ones are fitted.

    Parameters
    ----------
    table : Table
        Of one data set.
    """

    def __init__(self, table: Table) -> None:
        self.table = table

    def run(self, job: Any, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Trial]]:
        """Yield a trial per task."""
        for at, task in enumerate(tasks):
            fit = self.table[spot_of(task.configuration)]
            judged = (fit.losses, fit.accuracy, fit.models, fit.seconds)
            yield at, Trial(task.number, task.configuration, *judged)


def spot_of(configuration: Configuration) -> Spot:
    """Return where in its table a configuration of a :class:`PointStage` is."""
    point = configuration.hyperparameters["point"]
    softening = (configuration.temperature, configuration.alpha)
    return Spot(configuration.stage, int(point), *softening, configuration.share)


@dataclass(frozen=True)
class Replayed:
    """A search that is over.

    Parameters
    ----------
    trials : list of Trial
        Every distinct one, in the order of the sampler.
    ended : str
        What ended it.
    pick : Spot
        What the selection rows choose among all stages, as a run does.
    """

    trials: list[Trial]
    ended: str
    pick: Spot

    @property
    def models(self) -> int:
        """Models trained."""
        return sum(trial.models_trained for trial in self.trials)

    @property
    def seconds(self) -> float:
        """CPU time of their fits."""
        return sum(trial.seconds for trial in self.trials)


@dataclass(frozen=True)
class Recalled:
    """A memory, as far as it concerns one table: points by their numbers.

    Parameters
    ----------
    first : mapping of str to sequence of int
        By stage, numbers of points to try first.
    elsewhere : sequence of Outcome
        Of the other tables.
    """

    first: Mapping[str, Sequence[int]] = field(default_factory=dict)
    elsewhere: Sequence[Outcome] = ()

    def suggest(self, facts: Any, stage: str) -> list[dict[str, int]]:
        """Return what is remembered of a stage."""
        return [{"point": point} for point in self.first.get(stage, ())]

    def outcomes(self, facts: Any) -> Sequence[Outcome]:
        """Return what is known of other tables."""
        return self.elsewhere


def replay(
    table: Table, arm: Arm, seed: int, order: str = OWN_FIRST, memory: Recalled | None = None
) -> Replayed:
    """Search a table as a run of the arm's recipe would, with its budget and early stop."""
    facts = DataFacts(table.n_rows, 1, 2)
    with open_context(arm.loaded(), registry(), seed, None, RunCheckpoint(), facts) as ctx:
        lookup = Lookup(table)
        fitting = replace(ctx.trainer.fitting, stages=stages(arm, order, seed))
        trainer = replace(ctx.trainer, fitting=fitting, pipeline=lookup)
        ctx = replace(ctx, trainer=trainer, pipeline=lookup, memory=memory or Recalled())
        rows, outputs = blank(table, ctx.recipe.search.alphas.given)
        hard = search_hard(ctx, rows, outputs.selection_sets)
        assert table.facts is not None
        hard = replace(hard, facts=table.facts)  # those of the blank rows mean nothing
        found = search_soft(ctx, rows, outputs, hard)
    bests = [each for name in arm.stages if (each := best(found.trials, name)) is not None]
    pick = min(bests, key=lambda trial: trial.log_loss)
    return Replayed(list(found.trials), found.ended, spot_of(pick.configuration))


def blank(table: Table, alphas: Sequence[float]) -> tuple[Any, Any]:
    """Return rows and teacher outputs for a search that looks students up: their sizes count."""
    n = table.n_rows
    rows = Dataset(np.zeros((n, 1)), np.zeros(n, dtype=np.int64), np.arange(2))
    assert table.facts is not None
    wrong = np.arange(n) < round((table.facts.noise or 0.0) * n)
    soft_targets = np.column_stack([1.0 - wrong, wrong])  # as many as its teachers get wrong
    training = TrainingSet(rows.labels, soft_targets, rows.classes, {})
    selection_set = SelectionSet(training, np.empty(0, dtype=np.int64), rows, n)
    outputs = SimpleNamespace(
        selection_sets=[selection_set] * table[Spot("tree", 0)].models,
        training=training,
        knowledge=SimpleNamespace(
            fused=Knowledge((), SELF, (), {}, soft_targets),
            rows=np.arange(n),
        ),
        extra_weights=(),
        teaches=any(alphas),
        regime=SELF,
        ranking=NO_LIMITS,
        alphas=alphas,
    )
    return SimpleNamespace(training=rows, test=rows.rows(np.arange(0))), outputs
