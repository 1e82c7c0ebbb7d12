"""One plugin as it is listed, and safeguards while it is loaded."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from itertools import pairwise
from typing import Any, Literal

from hpmkd.errors import suggest
from hpmkd.registry.offers import RegisteredComponent


@dataclass(frozen=True)
class Plugin:
    """One plugin as ``hpmkd plugins`` lists it.

    Parameters
    ----------
    name : str
        Name of its entry point, as ``--disable`` takes it.
    source : str
        Distribution and version it came from.
    status : {"active", "disabled", "broken"}
        Whether its offers count.
    offers : tuple of RegisteredComponent
        What it offers; empty unless active.
    problem : str
        Why it is broken, or another failure of it.
    """

    name: str
    source: str
    status: Literal["active", "disabled", "broken"]
    offers: tuple[RegisteredComponent, ...] = ()
    problem: str = ""


def source_of(entry_point: EntryPoint) -> str:
    """Return distribution and version of an entry point."""
    distribution = entry_point.dist
    return f"{distribution.name} {distribution.version}" if distribution else entry_point.value


class _Divided:
    """A standard output that is stderr to some threads, and what it was to all others."""

    def __init__(self, original: Any) -> None:
        self.original, self.quiet = original, Counter[int]()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr if self.quiet[threading.get_ident()] else self.original, name)


_dividing = threading.Lock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what a plugin prints to stderr: stdout belongs to results (``--json``).

    The output of other threads stays where it is, and so does that of the whole process if
    two threads load plugins at once: ``redirect_stdout`` would leave it at stderr for ever.
    """
    here = threading.get_ident()
    with _dividing:
        divided = sys.stdout if isinstance(sys.stdout, _Divided) else _Divided(sys.stdout)
        divided.quiet[here] += 1
        sys.stdout = divided
    try:
        yield
    finally:
        with _dividing:
            divided.quiet[here] -= 1
            # Other code may have put another one in its place.
            if sys.stdout is divided and not divided.quiet.total():
                sys.stdout = divided.original


def clashes(plugins: Sequence[Plugin]) -> list[str]:
    """Return a message for each name that two plugins offer, naming both."""
    offering: dict[tuple[str, str], list[str]] = defaultdict(list)
    for plugin in plugins:
        for offered in plugin.offers:
            offering[offered.kind, offered.offer.name].append(plugin.name)
    return [
        f"{kind} {name!r} is offered by plugin {first!r} and by plugin {second!r}; switch one "
        f"off: --disable {first} or --disable {second}"
        for (kind, name), names in offering.items()
        for first, second in pairwise(names)
    ]


def unknown(disabled: Iterable[str], installed: Sequence[str]) -> list[str]:
    """Return a message for each name that is switched off though no plugin has it."""
    known = ", ".join(installed) or "none"
    return [
        f"no plugin is called {name!r} to switch off{suggest(name, installed)} Installed: {known}"
        for name in sorted(set(disabled) - set(installed))
    ]
