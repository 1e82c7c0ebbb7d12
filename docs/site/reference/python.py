"""The Python interface: which docstrings ``mkdocstrings`` is to show, and in which order."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from types import ModuleType

import hpmkd
from docs.site.docstrings import as_markdown

#: What users call first; the rest of ``hpmkd.__all__`` follows by name.
FIRST = ("distill", "load", "export", "DistilledClassifier", "Distillation", "Student", "Verdict")
#: Of the modules that plugins import, those on one page.
SMALL = ("errors", "files", "optuna_trials", "evaluation.gates", "execution.toolkit")


def for_users() -> str:
    """Return the page of what ``hpmkd`` itself exports."""
    rest = sorted(set(hpmkd.__all__) - {*FIRST, "hookimpl"})
    names = (f"hpmkd.{name}" for name in (*FIRST, *rest))
    return f"# Python\n\nAll of it is imported from `hpmkd`.\n\n{shown(names)}"


def of_module(name: str) -> str:
    """Return the page of what a module of hpmkd exports."""
    return f"# `hpmkd.{name}`\n\n{_exported(name, level=2)}"


def of_small_modules() -> str:
    """Return the page of the small modules that plugins import."""
    sections = (f"## `hpmkd.{name}`\n\n{_exported(name, level=3)}" for name in SMALL)
    return "\n\n".join(["# Other modules", *sections])


def _exported(name: str, level: int) -> str:
    module = importlib.import_module(f"hpmkd.{name}")
    names = (f"{module.__name__}.{each}" for each in public(module))
    return f"{as_markdown(inspect.getdoc(module) or '')}\n\n{shown(names, level)}"


def public(module: ModuleType) -> list[str]:
    """Return the names that a module exports: its ``__all__``, or what it defines and documents.

    What users import from ``hpmkd`` is on their page.
    """
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if name not in hpmkd.__all__]
    return [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__
        and not name.startswith("_")
        and name not in hpmkd.__all__
        and inspect.getdoc(value)
    ]


def shown(names: Iterable[str], level: int = 2) -> str:
    """Return what makes ``mkdocstrings`` show these objects."""
    return "\n".join(f"::: {name}\n    options:\n      heading_level: {level}\n" for name in names)
