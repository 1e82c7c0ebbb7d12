"""Finds the plugins, loads them, and finds the component of a name.

Each run has its own registry: there is no global one. Loading calls each offer
hook of each plugin by itself, so that a failure can be blamed; a plugin that fails is
listed as broken and its offers are dropped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import pluggy

from hpmkd import hookspecs
from hpmkd.errors import FAILURES, PluginError, PluginWarning, RecipeError, suggest, warn
from hpmkd.hookspecs import OFFER_HOOKS, PROJECT
from hpmkd.registry.offers import RegisteredComponent, collect
from hpmkd.registry.plugins import Plugin, clashes, quiet, source_of, unknown

if TYPE_CHECKING:
    import click

DISABLE_VARIABLE = "HPMKD_DISABLE"

#: Components and commands that come in distributions of their own, by kind and name, for the error
#: where one is not installed.
DISTRIBUTIONS: Mapping[str, Mapping[str, str]] = {
    "command": {"serve": "hpmkd-serve"},
    "executor": {"dask": "hpmkd-dask"},
    "stage": {"lightgbm": "hpmkd-lightgbm"},
}


class Registry:
    """The plugins of one run.

    Parameters
    ----------
    disabled : iterable of str
        Names of plugins that are not even imported.
    """

    def __init__(self, disabled: Iterable[str] = ()) -> None:
        self._disabled = frozenset(disabled)
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._plugins: dict[str, Plugin] = {}

    @classmethod
    def installed(cls, disabled: Iterable[str] = ()) -> Registry:
        """Load every installed plugin, except those named here or in ``HPMKD_DISABLE``."""
        from_environment = os.environ.get(DISABLE_VARIABLE, "").replace(",", " ").split()
        registry = cls({*disabled, *from_environment})
        found = sorted(entry_points(group=PROJECT), key=lambda found: found.name)
        for entry_point in found:
            registry._load(entry_point)
        names = sorted({*registry._plugins, *(each.name for each in found)})
        for message in unknown(registry._disabled, names):
            warn(message, PluginWarning)
        return registry

    def _load(self, entry_point: EntryPoint) -> None:
        name, source = entry_point.name, source_of(entry_point)
        taken = self._plugins.get(name)
        listed = name if taken is None else f"{name}@{source.split()[0]}"
        if not self._disabled.isdisjoint({name, listed}):
            self._plugins[listed] = Plugin(listed, source, "disabled")
        elif taken is not None:
            problem = f"its name {name!r} is taken by {taken.source}; uninstall one of the two"
            self._plugins[listed] = Plugin(listed, source, "broken", problem=problem)
        else:
            try:
                with quiet():
                    plugin = entry_point.load()
            except FAILURES as error:
                problem = f"cannot be imported: {type(error).__name__}: {error}"
                self._plugins[name] = Plugin(name, source, "broken", problem=problem)
            else:
                self.add(name, plugin, source)

    def add(self, name: str, plugin: object, source: str = "given in Python") -> None:
        """Register a plugin that is already imported (a module or any object)."""
        if name in self._plugins:
            raise PluginError(f"there is a plugin {name!r} already; give this one another name")
        try:
            with quiet():
                self._manager.register(plugin, name=name)
                self._manager.check_pending()
                found = self._offers_of(name, plugin)
                offers = tuple(replace(offered, source=source) for offered in found)
        except Exception as error:
            # Whatever a plugin does wrong, the others must stay usable.
            if self._manager.get_plugin(name) is not None:
                self._manager.unregister(name=name)
            self._plugins[name] = Plugin(name, source, "broken", problem=str(error))
        else:
            self._plugins[name] = Plugin(name, source, "active", offers)

    def _offers_of(self, name: str, plugin: object) -> Iterable[RegisteredComponent]:
        for kind, hook in OFFER_HOOKS.items():
            for implementation in getattr(self._manager.hook, hook).get_hookimpls():
                if implementation.plugin is not plugin:
                    continue
                if implementation.wrapper or implementation.hookwrapper:
                    raise TypeError(f"{hook} is a wrapper; an offer hook only returns offers")
                try:
                    yield from collect(kind, name, implementation.function())
                except TypeError as error:
                    raise TypeError(f"{hook}: {error}") from error
                except FAILURES as error:
                    raise TypeError(f"{hook}: {type(error).__name__}: {error}") from error

    @property
    def plugins(self) -> Sequence[Plugin]:
        """Every plugin that was found, active or not, by name."""
        return sorted(self._plugins.values(), key=lambda plugin: plugin.name)

    def clashes(self) -> list[str]:
        """Return a message for each name that two plugins offer, naming both."""
        return clashes(self.plugins)

    def require_sound(self) -> None:
        """Refuse to run with a broken or clashing plugin, which would silently change results.

        Raises
        ------
        PluginError
            The message names each culprit and how to switch it off.
        """
        problems = [
            f"plugin {plugin.name!r} ({plugin.source}) is broken: {plugin.problem} "
            f"(to continue without it: --disable {plugin.name})"
            for plugin in self.plugins
            if plugin.status == "broken"
        ]
        problems += self.clashes()
        if problems:
            raise PluginError("\n".join(problems))

    def offers(self, kind: str) -> Mapping[str, RegisteredComponent]:
        """Return the components of one kind by name."""
        named = (offered for plugin in self.plugins for offered in plugin.offers)
        return {offered.offer.name: offered for offered in named if offered.kind == kind}

    def offer(self, kind: str, name: str, path: str) -> RegisteredComponent:
        """Return one component; `path` is the recipe's dotted path, for the error.

        Raises
        ------
        RecipeError
            If no active plugin offers it.
        """
        offers = self.offers(kind)
        if name in offers:
            return offers[name]
        off = [plugin.name for plugin in self.plugins if plugin.status != "active"]
        asleep = f" (plugins not in use: {', '.join(off)})" if off else ""
        known = ", ".join(offers) or "none"
        more = "; ".join(
            f"{other} comes with: pip install {distribution}"
            for other, distribution in DISTRIBUTIONS.get(kind, {}).items()
            if other not in offers
        )
        raise RecipeError(
            f"{path}: no {kind} is called {name!r}{suggest(name, offers)} Known: {known}{asleep}"
            + (f" ({more})" if more else "")
        )

    def notify(self, hook: str, **arguments: Any) -> None:
        """Call an observer hook; one that fails is reported and not called again.

        In pluggy's order: the last that was registered first, ``trylast`` last.
        """
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            try:
                wanted = {name: arguments[name] for name in implementation.argnames}
                implementation.function(**wanted)
            except FAILURES as error:
                name = implementation.plugin_name
                self._manager.unregister(name=name)
                plugin = self._plugins[name]
                self._plugins[name] = replace(plugin, problem=f"{hook}: {error}")
                warn(
                    f"plugin {name!r} failed in {hook}: {type(error).__name__}: {error}; "
                    "it will receive no further events in this run "
                    f"(switch it off: --disable {name})",
                    PluginWarning,
                )

    def add_commands(self, group: click.Group, reserved: Iterable[str] = ()) -> None:
        """Let each plugin add its subcommands; none may replace one that exists.

        Parameters
        ----------
        group : click.Group
            What the plugins add to.
        reserved : iterable of str
            Further names that are taken.

        Raises
        ------
        PluginError
            After all plugins were called; it names those that failed or took a name.
        """
        problems = []
        for implementation in self._manager.hook.hpmkd_commands.get_hookimpls():
            before = dict(group.commands)
            problem = ""
            try:
                with quiet():
                    implementation.function(group=group)
            except FAILURES as error:
                problem = f"{type(error).__name__}: {error}"
            for name in (*before, *reserved):
                if group.commands.get(name) is not before.get(name):
                    problem = f"the command {name!r} exists already"
                    group.commands.pop(name, None)
            group.commands.update(before)
            if problem:
                culprit = implementation.plugin_name
                failed = f"failed in hpmkd_commands: {problem}"
                self._plugins[culprit] = replace(self._plugins[culprit], problem=failed)
                # Before the name of a command there is no --disable.
                hint = f"(to continue without it: {DISABLE_VARIABLE}={culprit})"
                problems.append(f"plugin {culprit!r} {failed} {hint}")
        if problems:
            raise PluginError("\n".join(problems))
