"""DeepBridge's names of student families, and the stages that they are here."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any

from hpmkd.errors import RecipeError
from hpmkd.registry.registry import Registry


class ModelType(Enum):
    """The student families that DeepBridge knows; four of them are stages of hpmkd."""

    GLM_CLASSIFIER = auto()
    GAM_CLASSIFIER = auto()
    GBM = auto()
    XGB = auto()
    LOGISTIC_REGRESSION = auto()
    DECISION_TREE = auto()
    RANDOM_FOREST = auto()
    MLP = auto()


STAGES = {
    ModelType.LOGISTIC_REGRESSION: "logistic",
    ModelType.DECISION_TREE: "tree",
    ModelType.GBM: "gbm",
    ModelType.XGB: "xgboost",
}
_NAMES = {stage: model_type.name for model_type, stage in STAGES.items()}


def stage_of(model_type: Any) -> str:
    """Return the stage that a model type means.

    It is a member of this enumeration or of DeepBridge's own, the name of one, or the name of
    any stage that a plugin offers.
    """
    name = getattr(model_type, "name", model_type)
    if isinstance(name, str):
        if name in ModelType.__members__ and ModelType[name] in STAGES:
            return STAGES[ModelType[name]]
        if name == name.lower():
            return name
    known = ", ".join(each.name for each in STAGES)
    raise RecipeError(
        f"model type {name!r}: hpmkd has no such student; expected one of {known}, or the name "
        "of a stage (see hpmkd plugins)"
    )


def stages_of(model_types: Iterable[Any]) -> tuple[str, ...]:
    """Return the stages that model types mean, each once; a RecipeError if one is unknown."""
    if isinstance(model_types, (str, ModelType)) or not isinstance(model_types, Iterable):
        model_types = [model_types]
    stages = tuple(dict.fromkeys(stage_of(each) for each in model_types))
    if not stages:
        raise RecipeError("model_types: got none; expected at least one")
    registry = Registry.installed()
    for stage in stages:
        registry.offer("stage", stage, "model_types")
    return stages


def name_of(stage: str) -> str:
    """Return what DeepBridge calls a stage; one that it does not know keeps its name."""
    return _NAMES.get(stage, stage)


def as_model_type(name: str) -> ModelType | str:
    """Return the member that a name means; the name itself if there is none."""
    return ModelType.__members__.get(name, name)
