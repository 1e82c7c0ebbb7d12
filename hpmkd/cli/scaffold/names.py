"""The names in a new plugin: all follow from the one that was typed, which must be free."""

from __future__ import annotations

import contextlib
import importlib.util
import keyword
import re
from dataclasses import dataclass

import click

from hpmkd.cli import COMMANDS
from hpmkd.cli.scaffold.kinds import KINDS
from hpmkd.errors import PluginError
from hpmkd.registry.registry import DISTRIBUTIONS, Registry

PREFIX = "hpmkd-"
NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
#: Files and folders are named after it, with more in front and behind.
LONGEST = 50
#: Names that stand for something else in a recipe, or behind ``--set``.
RESERVED = frozenset(["none", "true", "false", "nan", "inf"])


@dataclass(frozen=True)
class PluginNames:
    """The names of a new plugin, its component and its files.

    Parameters
    ----------
    name : str
        Of the plugin, and of what it offers.
    kind : str
        One of :data:`~hpmkd.cli.scaffold.kinds.KINDS`.
    """

    name: str
    kind: str

    @classmethod
    def parse(cls, typed: str, kind: str) -> PluginNames:
        """Read a name that was typed, with or without ``hpmkd-`` in front.

        Raises
        ------
        BadParameter
            It cannot be the name of a component and of a module.
        """
        name = typed.removeprefix(PREFIX)
        if not NAME.fullmatch(name) or len(name) > LONGEST:
            raise click.BadParameter(
                f"got {typed!r}; expected lower-case letters and digits, a letter first, in "
                f"words joined by - or _, {LONGEST} characters at most, such as nearest-centroid",
                param_hint="NAME",
            )
        if keyword.iskeyword(name) or name in RESERVED:
            raise click.BadParameter(
                f"got {typed!r}, which means something else in Python or in a recipe; expected "
                f"another word, such as {name}-{kind}",
                param_hint="NAME",
            )
        return cls(name, kind)

    @property
    def distribution(self) -> str:
        """What ``pip install`` takes."""
        return PREFIX + self.name.replace("_", "-")

    @property
    def module(self) -> str:
        """What ``import`` takes."""
        return self.distribution.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The class of the component: its name and its contract."""
        contract = KINDS[self.kind].contract
        name = "".join(word.capitalize() for word in re.split("[-_]", self.name))
        return name.removesuffix(contract) + contract


def require_free(names: PluginNames) -> None:
    """Refuse names that something installed has.

    Raises
    ------
    BadParameter
        Naming what has it.
    """
    registry = Registry.installed()
    owner = _owner(names, registry)
    if owner:
        raise click.BadParameter(
            f"got {names.name!r}, which is the name of {owner}; expected an unused name (hpmkd "
            "plugins lists those in use)",
            param_hint="NAME",
        )


def _owner(names: PluginNames, registry: Registry) -> str:
    """Return what has the name already; empty if nothing does."""
    kind, name = names.kind, names.name
    if name in _taken(kind, registry):
        return f"a {kind} that is there already"
    if name in DISTRIBUTIONS.get(kind, {}):
        return f"the {kind} in {DISTRIBUTIONS[kind][name]}"
    for plugin in registry.plugins:
        if plugin.name == name:
            return f"the plugin in {plugin.source}"
    if importlib.util.find_spec(names.module):
        return f"an installed module, {names.module}"
    return ""


def _taken(kind: str, registry: Registry) -> set[str]:
    """Return the names of all components of a kind, or of all commands."""
    if kind != "command":
        return {*registry.offers(kind)}
    group = click.Group()
    with contextlib.suppress(PluginError):  # a broken plugin takes no names
        registry.add_commands(group, reserved=COMMANDS)
    return {*COMMANDS, *group.commands}
