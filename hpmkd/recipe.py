"""A recipe says which components run, by name, with their settings.

It is parsed once into frozen values; nothing deeper in the engine reads a dictionary.
Three sources, one result: a shipped name, a TOML file, keyword arguments; dotted
overrides (``--set sampler.trials=2``) go on top.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hpmkd.errors import RecipeError
from hpmkd.values import frozen_mapping

Share = Annotated[float, Meta(gt=0, lt=1)]
Count = Annotated[int, Meta(ge=1)]
Alpha = Annotated[float, Meta(ge=0, le=1)]
Temperature = Annotated[float, Meta(gt=0)]


@dataclass(frozen=True)
class Choice:
    """A component by name, with the settings its factory is called with."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=frozen_mapping)


@dataclass(frozen=True)
class SplitSettings:
    """Which rows do what.

    Parameters
    ----------
    test_size : float
        Share of the rows kept for the final measurement, when no test rows are given.
    selection_size : float
        Share of the training rows that no teacher sees and that choose the student.
    cross_validate_below : int
        Training rows under which one holdout would choose noise: selection is then
        cross-validated over `selection_folds`, the teachers refitted inside each fold.
    selection_folds : int
        Folds of that cross-validation.
    teacher_folds : int
        Folds in which cloneable teachers are cross-fitted.
    """

    test_size: Share = 0.2
    selection_size: Share = 0.25
    cross_validate_below: Annotated[int, Meta(ge=0)] = 1000
    selection_folds: Annotated[int, Meta(ge=2)] = 3
    teacher_folds: Annotated[int, Meta(ge=2)] = 5


@dataclass(frozen=True)
class AlphaGrids:
    """The teacher weights worth trying in each regime; 0 is added where it is missing."""

    self: tuple[Alpha, ...] = (0.0, 0.5, 1.0)
    external: tuple[Alpha, ...] = (0.0, 0.5, 1.0)
    leaking: tuple[Annotated[float, Meta(ge=0, lt=1)], ...] = (0.0, 0.25)


@dataclass(frozen=True)
class SearchSettings:
    """What the sampler may draw from, and how many trials are evaluated between two asks."""

    batch: Count = 8
    temperatures: tuple[Temperature, ...] = (1.0,)
    alphas: AlphaGrids = field(default_factory=AlphaGrids)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a run goes, except the data and the seed.

    ``teacher`` is the panel that teaches when nobody else is given; ``reference`` the panel
    that given probabilities are compared with, to find out whether they leak labels.
    """

    name: str
    teacher: Choice
    reference: Choice
    fuser: Choice
    sampler: Choice
    scheduler: Choice
    cache: Choice
    executor: Choice
    stages: Mapping[str, Choice]
    split: SplitSettings = field(default_factory=SplitSettings)
    search: SearchSettings = field(default_factory=SearchSettings)

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
        return cls.from_mapping(_read(source))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Recipe:
        """Parse nested plain values, as TOML gives them.

        What is left out is as in ``hpm``; stages, where given, are all the stages there are.
        """
        _check_keys(mapping, cls, "")
        base = {
            key: value
            for key, value in _read("hpm").items()
            if key != "stages" or key not in mapping
        }
        merged = _merge(base, mapping)
        parsed = {key: _parse(key, value) for key, value in merged.items()}
        return cls(**parsed)

    def override(self, settings: Mapping[str, Any]) -> Recipe:
        """Return a recipe with dotted settings replaced, e.g. ``{"sampler.trials": 2}``."""
        nested: dict[str, Any] = {}
        for path, value in settings.items():
            level = nested
            *parents, last = path.split(".")
            for parent in parents:
                level = level.setdefault(parent, {})
                if not isinstance(level, dict):
                    raise RecipeError(f"{path}: {parent!r} is given as a value and as a table")
            if isinstance(level.get(last), dict):
                raise RecipeError(f"{path}: {last!r} is given as a value and as a table")
            level[last] = value
        _check_keys(nested, Recipe, "")
        return Recipe.from_mapping(_merge(self.to_mapping(), nested))

    def only(self, stage: str) -> Recipe:
        """Return a recipe in which one stage alone is in the race."""
        return replace(self, stages={stage: self.stages.get(stage, Choice(stage))})

    def with_workers(self, workers: int) -> Recipe:
        """Return a recipe that runs in this process (1) or in so many worker processes."""
        if workers < 1:
            raise RecipeError(f"workers: got {workers}; expected 1 or more")
        parallel = Choice("loky", frozen_mapping({"workers": workers}))
        return replace(self, executor=Choice("serial") if workers == 1 else parallel)

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
            else:
                plain[key] = value if isinstance(value, str) else asdict(value)
        return plain

    def to_toml(self) -> str:
        """Return the recipe as the text of a recipe file."""
        import tomli_w

        return tomli_w.dumps(msgspec.to_builtins(self.to_mapping()))


def shipped() -> list[str]:
    """Return the names of the recipes that come with hpmkd."""
    folder = resources.files("hpmkd") / "recipes"
    return sorted(Path(each.name).stem for each in folder.iterdir() if each.name.endswith(".toml"))


def parse_setting(text: str) -> tuple[str, Any]:
    """Read ``key=value`` of the command line; the value is TOML, or else a plain string."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set got {text!r}; expected KEY=VALUE, e.g. --set sampler.trials=2")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def convert(value: Any, annotation: Any, path: str) -> Any:
    """Check a value against a type annotation; raise RecipeError with the dotted path."""
    try:
        return msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        problem, _, inner = str(error).rstrip("`").partition(" - at `$")
        for step in re.findall(r"[^.\[\]]+", inner):
            value = value[int(step) if step.isdigit() else step]
        raise RecipeError(f"{path}{inner}: got {value!r}: {problem}") from error


def unknown_key(path: str, key: str, known: list[str]) -> RecipeError:
    """Build the error for a key that does not exist."""
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    dotted = f"{path}.{key}" if path else key
    return RecipeError(f"{dotted}: unknown key{hint} Known here: {', '.join(known) or 'none'}")


def _read(source: str | os.PathLike[str]) -> dict[str, Any]:
    name = os.fspath(source)
    if name in shipped():
        text = (resources.files("hpmkd") / "recipes" / f"{name}.toml").read_text("utf-8")
        return tomllib.loads(text)
    if not name.endswith(".toml"):
        close = difflib.get_close_matches(name, shipped(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        known = ", ".join(shipped())
        raise RecipeError(f"no recipe is called {name!r}{hint} Known: {known}, or a .toml file")
    try:
        return tomllib.loads(Path(name).read_text("utf-8"))
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {name}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{name} is not valid TOML: {error}") from error


def _check_keys(mapping: Any, shape: Any, path: str) -> None:
    known = [each.name for each in fields(shape)]
    for key in _table(mapping, path):
        if key not in known:
            raise unknown_key(path, key, known)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if key == "stages" and isinstance(value, list):
            merged[key] = {str(name): (old or {}).get(name, {}) for name in value}
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            # Another component's settings do not fit: naming one starts afresh.
            other = "name" in value and value["name"] != old.get("name")
            merged[key] = dict(value) if other else _merge(old, value)
        else:
            merged[key] = value
    return merged


def _parse(key: str, value: Any) -> Any:
    if key == "name":
        return convert(value, str, key)
    if isinstance(value, str) and key not in ("stages", "split", "search"):
        value = {"name": value}  # fuser = "mean" is short for [fuser] name = "mean"
    value = _table(value, key)
    if key == "split":
        _check_keys(value, SplitSettings, key)
        return convert(dict(value), SplitSettings, key)
    if key == "search":
        _check_keys(value, SearchSettings, key)
        _check_keys(value.get("alphas", {}), AlphaGrids, "search.alphas")
        return convert(dict(value), SearchSettings, key)
    if key == "stages":
        return {name: _stage(name, _table(each, f"stages.{name}")) for name, each in value.items()}
    return _choice(key, value)


def _table(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RecipeError(f"{path}: got {value!r}; expected a table")
    return value


def _stage(name: str, value: Mapping[str, Any]) -> Choice:
    return _choice(f"stages.{name}", {"name": name, **value})


def _choice(path: str, value: Mapping[str, Any]) -> Choice:
    if "name" not in value:
        raise RecipeError(f'{path}: no name given; write {path}.name = "…"')
    settings = {key: each for key, each in value.items() if key != "name"}
    return Choice(convert(value["name"], str, f"{path}.name"), frozen_mapping(settings))
