"""What is installed: versions, extras, plugins."""

from __future__ import annotations

import contextlib
import platform
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

import click

from hpmkd.cli.doctor.check import Check
from hpmkd.errors import PluginError
from hpmkd.registry.registry import DISABLE_VARIABLE, Registry

#: Libraries whose versions decide results.
SHOWN = ("hpmkd", "numpy", "scipy", "scikit-learn", "xgboost", "numba", "optuna", "pandas")
#: An extra for those who change hpmkd.
OF_DEVELOPERS = "dev"
NAME = re.compile(r"[\w.-]+")
EXTRA = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")


def versions() -> Iterator[Check]:
    """Look at what hpmkd requires: all of it has to be there."""
    shown = ", ".join(f"{name} {each}" for name in SHOWN if (each := _version(name)))
    yield Check("versions", f"Python {platform.python_version()}, {shown}")
    for name in _required()[""]:
        if _version(name) is None:
            yield Check(
                "versions", f"{name} is not installed", "problem", f"pip install {name}; pip check"
            )


def extras() -> Iterator[Check]:
    """Look at what is optional: nothing of it has to be there."""
    there: list[str] = []
    lacking: list[str] = []
    for extra, names in _required().items():
        if extra not in ("", OF_DEVELOPERS):
            (there if all(map(_version, names)) else lacking).append(extra)
    found = f"{', '.join(there) or 'none'} installed"
    advice = ""
    if lacking:
        found += f"; without: {', '.join(lacking)}"
        advice = f"pip install 'hpmkd[{','.join(lacking)}]'"
    yield Check("extras", found, advice=advice)


def plugins() -> Iterator[Check]:
    """Look at the plugins: a broken one stops every run."""
    from hpmkd.cli import COMMANDS

    registry = Registry.installed()
    with contextlib.suppress(PluginError):  # the registry keeps what goes wrong
        registry.add_commands(click.Group(), reserved=COMMANDS)
    working = [each for each in registry.plugins if each.status == "active"]
    yield Check("plugins", ", ".join(f"{each.name} ({each.source})" for each in working) or "none")
    for plugin in registry.plugins:
        if plugin.problem:
            yield Check(
                "plugins",
                f"{plugin.name} ({plugin.source}) is broken: {plugin.problem}",
                "problem",
                "upgrade or uninstall it, or continue without it: "
                f"{DISABLE_VARIABLE}={plugin.name}",
            )
    for clash in registry.clashes():
        yield Check("plugins", clash, "problem", "uninstall one of them, or disable it as above")


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _required() -> dict[str, list[str]]:
    """Return the distributions that hpmkd requires by extra, "" for always."""
    found: dict[str, list[str]] = defaultdict(list)
    try:
        required = requires("hpmkd") or []
    except PackageNotFoundError:  # run from its sources
        required = []
    for requirement in required:
        name, extra = NAME.match(requirement), EXTRA.search(requirement)
        if name is not None and name[0] != "hpmkd":
            found[extra[1] if extra else ""].append(name[0])
    return found
