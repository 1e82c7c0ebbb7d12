"""Writes students in the formats that plugins offer."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.errors import ExportError, ExportWarning
from hpmkd.recipe.resolve import select
from hpmkd.recipe.settings import Choice
from hpmkd.registry.registry import Registry

if TYPE_CHECKING:
    from hpmkd.contracts import Exporter, Predictor


def export(
    student: Predictor,
    to: str,
    path: str | os.PathLike[str],
    *,
    settings: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    disable: str | Iterable[str] = (),
) -> Path:
    """Write a student in another format, whole or not at all.

    Parameters
    ----------
    student : Student
        Such as ``found.student``.
    to : str
        ``"onnx"``, ``"json"``, or another of a plugin: ``hpmkd plugins`` lists them.
    path : path-like
        Where; the folder must exist.
    settings : mapping, optional
        Of the exporter, e.g. ``{"inputs": "matrix"}`` for ``"onnx"``.
    overwrite : bool
        Replace an existing file.
    disable : str or iterable of str
        Plugins to leave out.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    RecipeError
        No plugin offers the format, or it has no such setting.
    ExportError
        A library is missing, the format cannot express the student, the file exists already, or
        cannot be written.
    PluginError
        An exporter of another plugin fails; the message names it.

    Examples
    --------
    >>> import hpmkd
    >>> from sklearn.datasets import load_wine
    >>> found = hpmkd.distill(*load_wine(return_X_y=True), student="tree")
    >>> hpmkd.export(found.student, "json", "wine.json")  # doctest: +SKIP
    PosixPath('wine.json')
    """
    exporter = exporter_of(to, settings, [disable] if isinstance(disable, str) else disable)
    return write(exporter, student, Path(path), overwrite=overwrite)


def exporter_of(
    name: str, settings: Mapping[str, Any] | None = None, disable: Iterable[str] = ()
) -> Exporter:
    """Build the exporter of a format.

    Raises
    ------
    RecipeError
        No plugin offers it, or it has no such setting.
    ExportError
        A library is missing.
    PluginError
        A plugin is broken, or two offer the same name.
    """
    registry = Registry.installed(disable)
    registry.require_sound()
    chosen = select(registry, "exporter", Choice(name, dict(settings or {})), "exporter")
    exporter: Exporter = chosen.create()
    return exporter


def write(exporter: Exporter, student: Predictor, path: Path, *, overwrite: bool = False) -> Path:
    """Let an exporter write a student; see :func:`export`."""
    if os.path.isdir(path):
        raise ExportError(f"{path} is a folder; expected the path of a file to write")
    if os.path.exists(path) and not overwrite:
        raise ExportError(
            f"{path} exists already; choose another path, or replace it (overwrite=True, "
            "--overwrite)"
        )
    if not os.path.isdir(path.absolute().parent):
        raise ExportError(f"there is no folder {path.absolute().parent}; make it first")
    return exporter.export(student, path)


def content(exporter: Exporter, student: Predictor) -> bytes:
    """Return what an exporter writes; errors as of :func:`export`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"student{exporter.suffix}"
        return write(exporter, student, path).read_bytes()


def expressible(exporter: Exporter, students: Mapping[str, Predictor]) -> list[str]:
    """Return the names of those students that a format can express, by trying."""
    found = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", ExportWarning)  # nothing of this is kept
        for name, student in students.items():
            with suppress(ExportError):
                exporter.export(student, Path(folder) / f"student{exporter.suffix}")
                found.append(name)
    return found
