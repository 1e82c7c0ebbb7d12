"""One search over a table: the engine's own search and sampler, with students looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from hpmkd.engine.active_stages import chain_links

from benchmarks.chain.teachers import registry
from benchmarks.chain.work import STAGES
from benchmarks.search.fits import Table
from benchmarks.search.points import N_POINTS, Spot, n_known
from hpmkd.data.seeds import Seeds
from hpmkd.engine.search import StudentSearch
from hpmkd.engine.trainer import Trainer
from hpmkd.execution.counters import Counts
from hpmkd.execution.progress import Progress
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import Components, resolve
from hpmkd.search.budget import Budget
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.refit import best
from hpmkd.values import Configuration, Trial
from hpmkd_defaults.samplers.random_draws import named_seed

#: By stage, numbers of points to try first.
Remembered = Mapping[str, Sequence[int]]
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
        The one stage in the race; None for all four.
    """

    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    only: str | None = None

    @property
    def stages(self) -> list[str]:
        """The stages in the race."""
        return [self.only] if self.only else list(STAGES)

    def parts(self) -> tuple[Recipe, Components]:
        """Return the recipe and its components."""
        return _parts(self.recipe, tuple(self.changes.items()), self.only)


@cache
def _parts(
    name: str, changes: tuple[tuple[str, Any], ...], only: str | None
) -> tuple[Recipe, Components]:
    recipe = Recipe.load(name).override(dict(changes))
    recipe = recipe if only is None else recipe.only(only)
    return recipe, resolve(recipe, registry())


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
    """An executor that looks trials up in a table; missing ones are fitted.

    Parameters
    ----------
    table : Table
        Of one data set.
    """

    def __init__(self, table: Table) -> None:
        self.table = table

    def run(self, function: Any, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Trial]]:
        """Yield a trial per task."""
        for at, (number, configuration) in enumerate(tasks):
            fit = self.table[spot_of(configuration)]
            judged = (fit.losses, fit.accuracy, fit.models, fit.seconds)
            yield at, Trial(number, configuration, *judged)

    def close(self) -> None:
        """Close nothing."""


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


class RowCounts:
    """Stands for a selection set: a search that looks students up needs its numbers of rows alone.

    Parameters
    ----------
    n_rows : int
        Rows of the training set.
    """

    def __init__(self, n_rows: int) -> None:
        self.training_set = SimpleNamespace(rows=range(n_rows), training=None)
        self.available = n_rows

    def split(self, training: Any) -> None:
        """Return nothing to fit on."""


def replay(
    table: Table, arm: Arm, seed: int, order: str = OWN_FIRST, remembered: Remembered | None = None
) -> Replayed:
    """Search a table as a run of the arm's recipe would, with its budget and early stop."""
    recipe, parts = arm.parts()
    counts, seeds = Counts(), Seeds.spawn(seed)
    fitting = FitContext(stages(arm, order, seed), {}, parts.scheduler.create(), seeds.students)
    folds = recipe.split.selection_folds
    learning = StudentSearch(
        trainer=Trainer(fitting, Lookup(table), folds, counts, registry()),
        links=chain_links(parts),
        recipe=recipe,
        parts=parts,
        seeds=seeds,
        progress=Progress(registry()),
        registry=registry(),
        budget=Budget(recipe.budget, counts),
    )
    selection_sets = [RowCounts(table.n_rows)] * table[Spot("tree", 0)].models
    known = {
        name: [{"point": point} for point in numbers]
        for name, numbers in (remembered or {}).items()
        if name in arm.stages
    }
    found = learning.search(selection_sets, recipe.search.alphas.self, known)
    bests = [each for name in arm.stages if (each := best(found.trials, name)) is not None]
    pick = min(bests, key=lambda trial: trial.log_loss)
    return Replayed(list(found.trials), found.ended, spot_of(pick.configuration))
