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
    from hpmkd.dataset import DataWarning as DataWarning
    from hpmkd.deepbridge import AutoDistiller as AutoDistiller
    from hpmkd.deepbridge import DBDataset as DBDataset
    from hpmkd.distillation import Distillation as Distillation
    from hpmkd.engine import HPMDistiller as HPMDistiller
    from hpmkd.errors import DataError as DataError
    from hpmkd.errors import ExportError as ExportError
    from hpmkd.errors import HpmkdError as HpmkdError
    from hpmkd.errors import LimitsError as LimitsError
    from hpmkd.errors import PluginError as PluginError
    from hpmkd.errors import RecipeError as RecipeError
    from hpmkd.errors import RunFolderError as RunFolderError
    from hpmkd.errors import StudentFileError as StudentFileError
    from hpmkd.errors import TeacherError as TeacherError
    from hpmkd.estimator import DistilledClassifier as DistilledClassifier
    from hpmkd.exporting import export as export
    from hpmkd.hookspecs import hookimpl as hookimpl
    from hpmkd.recipe import Recipe as Recipe
    from hpmkd.recipe_settings import Choice as Choice
    from hpmkd.registry import PluginWarning as PluginWarning
    from hpmkd.registry import Registry as Registry
    from hpmkd.student import Student as Student
    from hpmkd.teachers import CloneableTeacher as CloneableTeacher
    from hpmkd.teachers import FittedTeacher as FittedTeacher
    from hpmkd.teachers import GivenTeacher as GivenTeacher
    from hpmkd.values import Configuration as Configuration
    from hpmkd.values import Offer as Offer
    from hpmkd.values import Trial as Trial
    from hpmkd.verdict import Verdict as Verdict

__version__ = "0.1.0"

_HOME = {
    "distill": "api",
    "load": "api",
    "export": "exporting",
    "DataWarning": "dataset",
    "AutoDistiller": "deepbridge",
    "DBDataset": "deepbridge",
    "Distillation": "distillation",
    "HPMDistiller": "engine",
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
    "Choice": "recipe_settings",
    "Recipe": "recipe",
    "PluginWarning": "registry",
    "Registry": "registry",
    "Student": "student",
    "CloneableTeacher": "teachers",
    "FittedTeacher": "teachers",
    "GivenTeacher": "teachers",
    "Configuration": "values",
    "Offer": "values",
    "Trial": "values",
    "Verdict": "verdict",
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
