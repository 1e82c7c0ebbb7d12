"""A recipe lists which components run, by name, with their settings.

It is parsed once into frozen values; nothing deeper in the engine reads a dictionary.
Three sources, one result: a shipped name, a TOML file, keyword arguments; dotted
overrides (``--set sampler.trials=2``) override both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import msgspec
from msgspec.structs import asdict, fields, replace

from hpmkd.errors import RecipeError
from hpmkd.execution.placement import MOST_WORKERS
from hpmkd.recipe.chain_settings import Link, parse_chain
from hpmkd.recipe.files import nested_settings, read_recipe
from hpmkd.recipe.limits import Limits, as_numbers
from hpmkd.recipe.metric import MetricSettings, parse_metric
from hpmkd.recipe.parsing import (
    as_table,
    check_depth,
    check_keys,
    convert,
    merge,
    parse_choice,
    parse_ensemble,
    parse_stages,
)
from hpmkd.recipe.settings import (
    BudgetSettings,
    Choice,
    DriftSettings,
    EnsembleSettings,
    ExtraSettings,
    FrontSettings,
    PipelineSettings,
    SearchSettings,
    SplitSettings,
)


class Recipe(msgspec.Struct, frozen=True):
    """Everything that decides how a run goes, except the data and the seed.

    ``teacher`` is the panel that teaches when no teacher is given; ``reference`` the panel
    that given probabilities are compared with, to find out whether they leak labels.
    ``parallel`` names the executor that replaces another when several workers are requested;
    an executor that it does not name gets them as its setting ``workers``.
    """

    name: str
    teacher: Choice
    reference: Choice
    fuser: Choice
    augmenter: Choice
    sampler: Choice
    scheduler: Choice
    memory: Choice
    cache: Choice
    executor: Choice
    stages: Mapping[str, Choice]
    chain: tuple[Link, ...] = ()
    parallel: Mapping[str, str] = {}
    split: SplitSettings = SplitSettings()
    search: SearchSettings = SearchSettings()
    ensemble: EnsembleSettings = EnsembleSettings()
    extra: ExtraSettings = ExtraSettings()
    budget: BudgetSettings = BudgetSettings()
    pipeline: PipelineSettings = PipelineSettings()
    limits: Limits = Limits()
    metric: MetricSettings = MetricSettings()
    front: FrontSettings = FrontSettings()
    drift: DriftSettings = DriftSettings()

    @classmethod
    def load(cls, source: str | os.PathLike[str] | Recipe = "hpm") -> Recipe:
        """Return a recipe by shipped name or TOML path.

        Raises
        ------
        RecipeError
            If there is no such recipe, or it cannot be read.
        """
        if isinstance(source, Recipe):
            return source
        return cls.from_mapping(read_recipe(source))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Recipe:
        """Parse nested plain values, as TOML gives them.

        What is left out is as in ``hpm``; stages, where given, are all the stages there are.
        """
        check_depth(mapping)
        check_keys(mapping, cls)
        base = read_recipe("hpm")
        if "stages" in mapping:
            del base["stages"]
        whole = merge(base, mapping)
        shapes = {each.name: each.type for each in fields(cls)}
        return cls(**{key: _parsed(key, value, shapes[key]) for key, value in whole.items()})

    def override(self, settings: Mapping[str, Any]) -> Recipe:
        """Return a recipe with dotted settings replaced, e.g. ``{"sampler.trials": 2}``."""
        return Recipe.from_mapping(merge(self.to_mapping(), nested_settings(settings)))

    def only(self, stage: str) -> Recipe:
        """Return a recipe in which one stage alone is in the race."""
        return replace(self, stages={stage: self.stages.get(stage, Choice(stage))})

    def with_workers(self, workers: int) -> Recipe:
        """Return a recipe whose executor has so many worker processes.

        An executor of one process (one that ``parallel`` replaces) stays for one worker and
        gives way for more. Any other is given the setting ``workers``; if it knows none, the
        run is refused as for any unknown setting.
        """
        if not 1 <= workers <= MOST_WORKERS:
            raise RecipeError(f"workers: got {workers}; expected 1 to {MOST_WORKERS}")
        executor = self.executor
        if executor.name not in self.parallel:
            executor = Choice(executor.name, {**executor.settings, "workers": workers})
        elif workers > 1:
            executor = Choice(self.parallel[executor.name], {"workers": workers})
        return replace(self, executor=executor)

    @property
    def place(self) -> Choice:
        """The executor of the run: one that gives up, where trials are bounded in time."""
        own = self.executor
        if self.budget.trial_seconds and own.name in self.parallel:
            return Choice(self.parallel[own.name], {"workers": 1})
        return own

    @property
    def alone(self) -> Recipe:
        """The recipe with an executor of one process, if it names one, and trials of any time."""
        own = self.executor
        if own.name not in self.parallel and self.parallel:
            own = Choice(next(iter(self.parallel)))
        return replace(self, executor=own, budget=replace(self.budget, trial_seconds=0.0))

    @property
    def stand_in(self) -> Choice | None:
        """The executor of one process that stands in until starting workers pays.

        The one that ``parallel`` replaces by that of the run; if it names none, the first one
        that it replaces by any.
        """
        name = self.place.name
        if name in self.parallel or not self.parallel:
            return None
        replaced = [serial for serial, other in self.parallel.items() if other == name]
        return Choice([*replaced, *self.parallel][0])

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values that parse to the same recipe."""
        plain: dict[str, Any] = {}
        for key, value in asdict(self).items():
            if isinstance(value, (Choice, MetricSettings, EnsembleSettings)):
                plain[key] = value.to_mapping()
            elif key == "stages":
                # A stage under a name of its own has that of its component beside it.
                plain[key] = {
                    name: dict(each.settings) if name == each.name else each.to_mapping()
                    for name, each in value.items()
                }
            elif key == "chain":
                plain[key] = [link.to_mapping() for link in value]
            else:
                plain[key] = msgspec.to_builtins(value)
        return plain

    def to_toml(self) -> str:
        """Return the recipe as the text of a recipe file."""
        import tomli_w

        return tomli_w.dumps(msgspec.to_builtins(self.to_mapping()))

    def with_options(
        self, settings: Mapping[str, Any] | None, student: str | None, workers: int | None
    ) -> Recipe:
        """Return a recipe with a caller's options on top; None leaves it as it is."""
        if settings is not None and not isinstance(settings, Mapping):
            raise RecipeError(f'settings: got {settings!r}; expected a dict, {{"a.b": value}}')
        if student is not None and not isinstance(student, str):
            raise RecipeError(f"student: got {student!r}; expected the name of one stage")
        if workers is not None and (isinstance(workers, bool) or not isinstance(workers, Integral)):
            raise RecipeError(f"workers: got {workers!r}; expected an integer of 1 or more")
        for path in settings or ():
            if not isinstance(path, str):
                raise RecipeError(f"settings: got the key {path!r}; expected dotted text")
        recipe = self
        if settings:
            lists = {key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}
            recipe = recipe.override(lists)
        if student is not None:
            recipe = recipe.only(student)
        return recipe if workers is None else recipe.with_workers(int(workers))


def _parsed(key: str, value: Any, shape: Any) -> Any:
    """Return the value of one entry, of its type, or raise RecipeError by its dotted path."""
    if shape is Choice:
        return parse_choice(value, key)
    if key == "stages":
        return parse_stages(value)
    if key == "chain":
        return parse_chain(value)
    if key == "ensemble":
        return parse_ensemble(value)
    if key == "limits":
        return read_limits(value)
    if key == "metric":
        return parse_metric(value)
    return convert(value if shape is str else as_table(value, key), shape, key)


def read_limits(given: Mapping[str, Any]) -> Limits:
    """Return the limits of a mapping such as ``{"max_size": "50KB", "min_retention": 0.99}``.

    Raises
    ------
    RecipeError
        If there is no such limit, or a value is none.
    """
    check_keys(given, Limits, "limits")
    limits: Limits = convert(as_numbers(given), Limits, "limits")
    return limits
