"""A recipe says which components run, by name, with their settings.

It is parsed once into frozen values; nothing deeper in the engine reads a dictionary.
Three sources, one result: a shipped name, a TOML file, keyword arguments; dotted
overrides (``--set sampler.trials=2``) go on top.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral
from typing import Any

import msgspec

from hpmkd.errors import RecipeError
from hpmkd.execution.placement import MOST_WORKERS
from hpmkd.recipe.chain_settings import Link
from hpmkd.recipe.files import nested_settings, read_recipe
from hpmkd.recipe.limits import Limits
from hpmkd.recipe.parsing import check_keys, merged, parsed
from hpmkd.recipe.settings import (
    BudgetSettings,
    Choice,
    EnsembleSettings,
    ExtraSettings,
    FrontSettings,
    PipelineSettings,
    SearchSettings,
    SplitSettings,
)
from hpmkd.values import frozen_mapping


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a run goes, except the data and the seed.

    ``teacher`` is the panel that teaches when nobody else is given; ``reference`` the panel
    that given probabilities are compared with, to find out whether they leak labels.
    ``parallel`` says which executor takes the place of which when several workers are asked
    for; an executor that it does not name is given them as its setting ``workers``.
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
    parallel: Mapping[str, str] = field(default_factory=frozen_mapping)
    split: SplitSettings = field(default_factory=SplitSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    ensemble: EnsembleSettings = field(default_factory=EnsembleSettings)
    extra: ExtraSettings = field(default_factory=ExtraSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
    limits: Limits = field(default_factory=Limits)
    front: FrontSettings = field(default_factory=FrontSettings)

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only mapping does not pickle; a finished run does.
        return (Recipe.from_mapping, (self.to_mapping(),))

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
        check_keys(mapping, cls, "")
        base = {
            key: value
            for key, value in read_recipe("hpm").items()
            if key != "stages" or key not in mapping
        }
        return cls(**{key: parsed(key, value) for key, value in merged(base, mapping).items()})

    def override(self, settings: Mapping[str, Any]) -> Recipe:
        """Return a recipe with dotted settings replaced, e.g. ``{"sampler.trials": 2}``."""
        nested = nested_settings(settings)
        check_keys(nested, Recipe, "")
        return Recipe.from_mapping(merged(self.to_mapping(), nested))

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
        own = self.executor
        if own.name not in self.parallel:
            settings = {**own.settings, "workers": workers}
            return replace(self, executor=Choice(own.name, frozen_mapping(settings)))
        if workers == 1:
            return self
        settings = {"workers": workers}
        return replace(self, executor=Choice(self.parallel[own.name], frozen_mapping(settings)))

    @property
    def place(self) -> Choice:
        """The executor of the run: one that gives up, where trials are bounded in time."""
        own = self.executor
        if self.budget.trial_seconds and own.name in self.parallel:
            return Choice(self.parallel[own.name], frozen_mapping({"workers": 1}))
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

        The one that ``parallel`` replaces by that of the run; if that is of somebody else, the
        first one that it replaces by any.
        """
        there = self.place.name
        if there in self.parallel or not self.parallel:
            return None
        replaced = [name for name, other in self.parallel.items() if other == there]
        return Choice([*replaced, *self.parallel][0])

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values that parse to the same recipe."""
        plain: dict[str, Any] = {}
        for key in (each.name for each in fields(self)):
            value = getattr(self, key)
            if isinstance(value, Choice):
                plain[key] = {"name": value.name, **value.settings}
            elif key == "stages":
                plain["stages"] = {
                    # A stage under another name says which one it is.
                    name: {**({} if name == each.name else {"name": each.name}), **each.settings}
                    for name, each in value.items()
                }
            elif key == "chain":
                plain[key] = [link.to_mapping() for link in value]
            elif key == "parallel":
                plain[key] = dict(value)
            else:
                plain[key] = value if isinstance(value, str) else asdict(value)
        return plain

    def to_toml(self) -> str:
        """Return the recipe as the text of a recipe file."""
        import tomli_w

        return tomli_w.dumps(msgspec.to_builtins(self.to_mapping()))

    def with_options(
        self, settings: Mapping[str, Any] | None, student: str | None, workers: int | None
    ) -> Recipe:
        """Return a recipe with a caller's options on top; None leaves it as it is."""
        recipe = self
        if settings is not None and not isinstance(settings, Mapping):
            raise RecipeError(f'settings: got {settings!r}; expected a dict, {{"a.b": value}}')
        if student is not None and not isinstance(student, str):
            raise RecipeError(f"student: got {student!r}; expected the name of one stage")
        if workers is not None and (isinstance(workers, bool) or not isinstance(workers, Integral)):
            raise RecipeError(f"workers: got {workers!r}; expected an integer of 1 or more")
        if settings:
            strange = [path for path in settings if not isinstance(path, str)]
            if strange:
                raise RecipeError(f"settings: got the key {strange[0]!r}; expected dotted text")
            lists = {key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}
            recipe = recipe.override(lists)
        if student is not None:
            recipe = recipe.only(student)
        return recipe if workers is None else recipe.with_workers(int(workers))


def read_limits(given: Mapping[str, Any]) -> Limits:
    """Return the limits of a mapping such as ``{"max_size": "50KB", "min_retention": 0.99}``.

    Raises
    ------
    RecipeError
        If there is no such limit, or a value is none.
    """
    limits: Limits = parsed("limits", given)
    return limits
