"""Writes the files of a new plugin, from templates that come with hpmkd."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

import click

from hpmkd.cli.scaffold.kinds import KINDS
from hpmkd.cli.scaffold.names import PluginNames
from hpmkd.files import explain_write_errors
from hpmkd.hookspecs import OFFER_HOOKS


def write_distribution(names: PluginNames, folder: Path) -> None:
    """Write a distribution: all of it, or nothing.

    Parameters
    ----------
    names : PluginNames
        Its names, and its kind.
    folder : Path
        Where; it must not exist, the folder above it must.

    Raises
    ------
    BadParameter
        There is something already.
    RunFolderError
        It cannot be written.
    """
    if folder.exists() or folder.is_symlink():
        raise click.BadParameter(
            f"{folder} exists already; expected a new folder: give another, or move it away",
            param_hint="'--out'",
        )
    written = contents(names)
    with (
        explain_write_errors(folder, cure="give another folder: --out"),
        tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as draft,
    ):
        root = Path(draft) / folder.name
        for place, text in written.items():
            path = root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        root.rename(folder)


def contents(names: PluginNames) -> Mapping[str, str]:
    """Return the text of every file, by its place in the distribution."""
    kind = names.kind
    own = files("hpmkd.cli.scaffold") / "templates"
    package = "command" if kind == "command" else "distribution"
    templates = {
        "pyproject.toml": "distribution/pyproject.toml",
        "README.md": "distribution/README.md",
        f"src/{names.module}/__init__.py": f"{package}/__init__.py",
        f"src/{names.module}/{kind}.py": f"{kind}/{kind}.py",
        f"src/{names.module}/py.typed": "distribution/py.typed",
        f"tests/test_{kind}.py": f"{kind}/test_{kind}.py",
    }
    values = substitutions(names)
    return {
        place: Template((own / f"{template}.template").read_text("utf-8")).substitute(values)
        for place, template in templates.items()
    }


def use_of(names: PluginNames) -> str:
    """Return a command that uses the component."""
    return Template(KINDS[names.kind].use).substitute(name=names.name)


def substitutions(names: PluginNames) -> Mapping[str, str]:
    """Return what stands for the ``$words`` of the templates."""
    kind = KINDS[names.kind]
    requires = (f"hpmkd>={version('hpmkd')}", *kind.requires)
    suite = f"hpmkd's `{kind.contract}Suite`, inherited, and a test of its own"
    return {
        "name": names.name,
        "kind": names.kind,
        "distribution": names.distribution,
        "module": names.module,
        "class_name": names.class_name,
        "contract": kind.contract,
        "hook": OFFER_HOOKS.get(names.kind, ""),
        "summary": kind.summary,
        "use": use_of(names),
        "requires": ", ".join(f'"{each}"' for each in requires),
        "promises": suite if kind.contract else "that it answers, and takes no other name",
    }
