"""Teachers named on the command line: a panel, a file, or a Python callable."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpmkd.errors import TeacherError
from hpmkd.knowledge.teachers import FittedTeacher, Teacher, as_teachers

PICKLES = (".pkl", ".pickle", ".joblib")


def load_teacher(
    spec: str, *, trust_pickle: bool = False, trusted: Sequence[str] = ()
) -> list[Teacher]:
    """Return the teachers that a file or ``package.module:factory`` names.

    A file is a fitted model: skops, whose types beyond those of skops must be in `trusted`; or
    pickle/joblib, with `trust_pickle` alone, as loading one runs code inside it. A callable takes
    no arguments and returns an estimator.

    Raises
    ------
    TeacherError
        If it cannot be loaded.
    """
    path = Path(spec)
    if os.path.isfile(path):
        model = load_model(path, trust_pickle=trust_pickle, trusted=trusted)
        return [FittedTeacher(path.stem, model)]
    module, _, name = spec.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), name]):
        raise TeacherError(
            f"teacher {spec!r}: no such panel or file; expected a panel's name (see hpmkd "
            "plugins), a model file (.skops), or package.module:factory"
        )
    return _call(spec, module, name)


def load_model(path: Path, *, trust_pickle: bool = False, trusted: Sequence[str] = ()) -> Any:
    """Return the model in a file; see :func:`load_teacher`.

    Raises
    ------
    TeacherError
        If it cannot be loaded, or not without running what it holds.
    """
    try:
        if path.suffix in PICKLES:
            if not trust_pickle:
                raise TeacherError(
                    f"{path} is a pickle, and loading one runs whatever code it holds; save the "
                    "model with skops.io.dump, or say that you trust it: --trust-pickle (in "
                    "Python hand in the model: joblib.load(path))"
                )
            import joblib

            return joblib.load(path)
        return _load_skops(path, trusted)
    except TeacherError:
        raise
    except Exception as error:
        # Damaged files fail in as many ways as there are loaders.
        raise TeacherError(
            f"{path}: cannot be loaded as a fitted model: {type(error).__name__}: {error}"
        ) from error


def _load_skops(path: Path, trusted: Sequence[str]) -> Any:
    import skops.io

    strange = sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted))
    if strange:
        flags = " ".join(f"--trust {name}" for name in strange)
        raise TeacherError(
            f"{path} holds types that skops does not know to be safe: {', '.join(strange)}. "
            f"If you trust them, add {flags} (in Python hand in the model: "
            "skops.io.load(path, trusted=…))"
        )
    return skops.io.load(path, trusted=list(trusted))


def _call(spec: str, module: str, name: str) -> list[Teacher]:
    try:
        imported = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        # Importing runs the user's own code, too.
        problem = f"{type(error).__name__}: {error}"
        raise TeacherError(f"teacher {spec!r}: cannot import {module!r}: {problem}") from error
    if not hasattr(imported, name):
        raise TeacherError(f"teacher {spec!r}: {module!r} has no {name!r}")
    try:
        return as_teachers({name: getattr(imported, name)()})
    except TeacherError:
        raise
    except (Exception, SystemExit) as error:
        # The factory is the user's own code: whatever it raises is theirs to see.
        raise TeacherError(f"teacher {spec!r} failed: {type(error).__name__}: {error}") from error
