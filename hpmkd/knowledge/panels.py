"""The teachers of a run: panels by name, files, callables, objects, in any mix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hpmkd.errors import PluginError
from hpmkd.knowledge.loading import load_teacher
from hpmkd.knowledge.teachers import CloneableTeacher, Teacher, as_teachers
from hpmkd.recipe.resolve import ComponentSpec, select
from hpmkd.recipe.settings import Choice

if TYPE_CHECKING:
    from hpmkd.registry.registry import Registry
    from hpmkd.values import DataFacts


def resolve_teachers(
    teacher: Any, default: ComponentSpec, registry: Registry, facts: DataFacts, seed: int
) -> list[Teacher]:
    """Turn the `teacher` argument of a caller into teachers.

    None is the recipe's panel, `default`; a string is the name of a panel, a file, or
    ``package.module:factory``; sequences and mappings may mix them.
    """
    if teacher is None:
        return members(default, facts, seed)

    def named(spec: str) -> list[Teacher]:
        if spec == default.offered.offer.name:
            return members(default, facts, seed)
        if spec in registry.offers("teacher"):
            return members(select(registry, "teacher", Choice(spec), "teacher"), facts, seed)
        return load_teacher(spec)

    if isinstance(teacher, str):
        return as_teachers(named(teacher))
    if isinstance(teacher, Mapping) and _any_text(teacher.values()):
        resolved: dict[str, Any] = {}
        for name, each in teacher.items():
            found = named(each) if isinstance(each, str) else [each]
            for one in found:
                # A panel of several lends its members' names to the one it was given.
                resolved[str(name) if len(found) == 1 else f"{name}.{one.name}"] = one
        return as_teachers(resolved)
    if isinstance(teacher, (list, tuple)) and _any_text(teacher):
        parts = [named(each) if isinstance(each, str) else as_teachers(each) for each in teacher]
        return as_teachers([each for part in parts for each in part])
    return as_teachers(teacher)


def _any_text(values: Iterable[Any]) -> bool:
    return any(isinstance(each, str) for each in values)


def members(panel: ComponentSpec, facts: DataFacts, seed: int) -> list[Teacher]:
    """Return a panel's members; a panel that breaks its contract is blamed by name."""
    made = panel.create()
    with panel.offered.blamed("failed in members"):
        named = dict(made.members(facts, seed))
        if not named:
            raise ValueError("returned no teachers")
    teachers: list[Teacher] = []
    for name, estimator in named.items():
        if not hasattr(estimator, "fit") or not hasattr(estimator, "predict_proba"):
            raise PluginError(
                f"plugin {panel.offered.plugin!r}: teacher panel {panel.offered.offer.name!r}: "
                f"member {name!r} is not a classifier with predict_proba"
            )
        teachers.append(CloneableTeacher(str(name), estimator))
    return teachers
