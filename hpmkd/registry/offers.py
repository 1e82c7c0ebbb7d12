"""An offer together with the plugin that made it, so that every failure has a name."""

from __future__ import annotations

import contextlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hpmkd.errors import FAILURES, HpmkdError, PluginError
from hpmkd.values import Offer

NAME = re.compile(r"[a-z][a-z0-9_-]*")
#: Where a factory is, e.g. ``package.module:name``.
PLACE = re.compile(r"\w+(\.\w+)*:\w+")


@dataclass(frozen=True)
class ComponentOrigin:
    """Where a component is from, for errors. Plain strings, which travel to worker processes.

    Parameters
    ----------
    plugin, kind, name : str
        As in :class:`RegisteredComponent`; `name` is that of the offer.
    """

    plugin: str
    kind: str
    name: str

    @contextlib.contextmanager
    def blamed(self, action: str) -> Iterator[None]:
        """Turn any failure inside into an error that names plugin and component.

        Errors raised on purpose (bad data, a bad recipe) pass through as they are.
        """
        try:
            yield
        except HpmkdError:
            raise
        except FAILURES as error:
            message = blame(self.plugin, self.kind, self.name, action, error)
            raise PluginError(message) from error


@dataclass(frozen=True)
class RegisteredComponent:
    """One component on offer.

    Parameters
    ----------
    kind : str
        "sampler", "stage", ….
    offer : Offer
        What the plugin returned.
    plugin : str
        The plugin's name, as ``--disable`` takes it.
    source : str
        Distribution and version that the plugin came from, where known.
    """

    kind: str
    offer: Offer[Any]
    plugin: str
    source: str = ""

    def create(self, *arguments: Any, **settings: Any) -> Any:
        """Build the component; a failure is blamed on the plugin."""
        with self.blamed("could not be built"):
            return self.factory(*arguments, **settings)

    @property
    def factory(self) -> Callable[..., Any]:
        """What builds the component; one that is offered by its place is imported."""
        factory = self.offer.factory
        if not isinstance(factory, str):
            return factory
        with self.blamed(f"cannot be imported from {factory!r}"):
            found: Callable[..., Any] = pkgutil.resolve_name(factory)
            return found

    @property
    def module(self) -> str:
        """Where the factory is; it need not have been imported."""
        factory = self.offer.factory
        if isinstance(factory, str):
            return factory.partition(":")[0]
        return str(getattr(factory, "__module__", ""))

    @property
    def culprit(self) -> ComponentOrigin:
        """Where the component is from, for errors."""
        return ComponentOrigin(self.plugin, self.kind, self.offer.name)

    def blamed(self, action: str) -> contextlib.AbstractContextManager[None]:
        """Blame failures inside on the plugin; see :meth:`ComponentOrigin.blamed`."""
        return self.culprit.blamed(action)


def blame(plugin: str, kind: str, name: str, action: str, error: BaseException) -> str:
    """Return a sentence: which plugin failed at what, and how to run without it."""
    return (
        f"plugin {plugin!r}: {kind} {name!r} {action}: {type(error).__name__}: {error} "
        f"(to continue without this plugin: --disable {plugin})"
    )


def collect(kind: str, plugin: str, result: object) -> list[RegisteredComponent]:
    """Check what one offer hook of one plugin returned.

    Raises
    ------
    TypeError
        If it is not a sequence of valid, differently named offers.
    """
    if isinstance(result, (str, bytes, Offer)) or not isinstance(result, Iterable):
        raise TypeError(f"returned {result!r:.80}; expected a list of hpmkd.Offer")
    offered: dict[str, RegisteredComponent] = {}
    for offer in result:
        if not isinstance(offer, Offer):
            raise TypeError(f"returned an item {offer!r:.80}; expected hpmkd.Offer")
        if not isinstance(offer.name, str) or not NAME.fullmatch(offer.name):
            raise TypeError(f"offers the name {offer.name!r}; expected lower-case letters, - and _")
        factory = offer.factory
        if not (PLACE.fullmatch(factory) if isinstance(factory, str) else callable(factory)):
            raise TypeError(
                f"offers {offer.name!r} with the factory {factory!r:.80}, which cannot be called; "
                "expected a class, a function, or the place of one as 'package.module:name'"
            )
        if offer.name in offered:
            raise TypeError(f"offers {offer.name!r} twice")
        offered[offer.name] = RegisteredComponent(kind, offer, plugin)
    return list(offered.values())
