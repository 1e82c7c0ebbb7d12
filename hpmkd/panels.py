"""Who teaches this run: panels by name, files, callables, objects, in any mix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpmkd.components import Selected, select
from hpmkd.errors import PluginError
from hpmkd.recipe_settings import Choice
from hpmkd.teacher_specs import load_teacher
from hpmkd.teachers import CloneableTeacher, Teacher, as_teachers

if TYPE_CHECKING:
    from hpmkd.registry import Registry
    from hpmkd.values import DataFacts


def resolve_teachers(
    teacher: Any, default: Selected, registry: Registry, facts: DataFacts, seed: int
) -> list[Teacher]:
    """Turn whatever a caller gave as teacher into teachers.

    Parameters
    ----------
    teacher : None, str, classifier, array-like, or a sequence or mapping of these
        None is the recipe's panel; a string is the name of a panel, a file, or
        ``package.module:factory``.
    default : Selected
        The recipe's panel.
    registry : Registry
        Knows the panels.
    facts : DataFacts
        A panel may choose its members by the size of the data.
    seed : int
        For the panels' members.
    """
    if teacher is None:
        return members(default, facts, seed)
    mixed = isinstance(teacher, (list, tuple)) and any(isinstance(each, str) for each in teacher)
    if not isinstance(teacher, str) and not mixed:
        return as_teachers(teacher)
    resolved: list[Any] = []
    for each in [teacher] if isinstance(teacher, str) else teacher:
        if not isinstance(each, str):
            resolved += as_teachers(each)
        elif each == default.offered.offer.name:
            resolved += members(default, facts, seed)
        elif each in registry.offers("teacher"):
            resolved += members(select(registry, "teacher", Choice(each), "teacher"), facts, seed)
        else:
            resolved += load_teacher(each)
    return as_teachers(resolved)


def members(panel: Selected, facts: DataFacts, seed: int) -> list[Teacher]:
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
                f"member {name!r} is no classifier with predict_proba"
            )
        teachers.append(CloneableTeacher(str(name), estimator))
    return teachers
