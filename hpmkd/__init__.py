"""hpmkd distils any heavy tabular classifier into a small, fast, honest student.

>>> import hpmkd
>>> sorted(hpmkd.__all__)[:3]
['AutoDistiller', 'Choice', 'CloneableTeacher']

Importing this package loads nothing heavy: each name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.api import distill as distill
    from hpmkd.api import load as load
    from hpmkd.deepbridge import AutoDistiller as AutoDistiller
    from hpmkd.deepbridge import DBDataset as DBDataset
    from hpmkd.deepbridge import ExperimentRunner as ExperimentRunner
    from hpmkd.engine.run import HPMDistiller as HPMDistiller
    from hpmkd.errors import DataError as DataError
    from hpmkd.errors import DataWarning as DataWarning
    from hpmkd.errors import ExportError as ExportError
    from hpmkd.errors import HpmkdError as HpmkdError
    from hpmkd.errors import LimitsError as LimitsError
    from hpmkd.errors import PluginError as PluginError
    from hpmkd.errors import PluginWarning as PluginWarning
    from hpmkd.errors import RecipeError as RecipeError
    from hpmkd.errors import RunFolderError as RunFolderError
    from hpmkd.errors import StudentFileError as StudentFileError
    from hpmkd.errors import TeacherError as TeacherError
    from hpmkd.estimator import DistilledClassifier as DistilledClassifier
    from hpmkd.evaluation.verdict import Verdict as Verdict
    from hpmkd.hookspecs import hookimpl as hookimpl
    from hpmkd.knowledge.teachers import CloneableTeacher as CloneableTeacher
    from hpmkd.knowledge.teachers import FittedTeacher as FittedTeacher
    from hpmkd.knowledge.teachers import GivenTeacher as GivenTeacher
    from hpmkd.recipe.recipe import Recipe as Recipe
    from hpmkd.recipe.settings import Choice as Choice
    from hpmkd.registry.registry import Registry as Registry
    from hpmkd.runs.export import export as export
    from hpmkd.runs.result import Distillation as Distillation
    from hpmkd.student import Student as Student
    from hpmkd.values import Configuration as Configuration
    from hpmkd.values import Offer as Offer
    from hpmkd.values import Trial as Trial

__version__ = "0.1.0"

_HOME = {
    "distill": "api",
    "load": "api",
    "export": "runs.export",
    "DataWarning": "errors",
    "AutoDistiller": "deepbridge",
    "DBDataset": "deepbridge",
    "ExperimentRunner": "deepbridge",
    "Distillation": "runs.result",
    "HPMDistiller": "engine.run",
    "DataError": "errors",
    "ExportError": "errors",
    "HpmkdError": "errors",
    "LimitsError": "errors",
    "PluginError": "errors",
    "RecipeError": "errors",
    "RunFolderError": "errors",
    "StudentFileError": "errors",
    "TeacherError": "errors",
    "DistilledClassifier": "estimator",
    "hookimpl": "hookspecs",
    "Choice": "recipe.settings",
    "Recipe": "recipe.recipe",
    "PluginWarning": "errors",
    "Registry": "registry.registry",
    "Student": "student",
    "CloneableTeacher": "knowledge.teachers",
    "FittedTeacher": "knowledge.teachers",
    "GivenTeacher": "knowledge.teachers",
    "Configuration": "values",
    "Offer": "values",
    "Trial": "values",
    "Verdict": "evaluation.verdict",
}
__all__ = tuple(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"hpmkd.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
