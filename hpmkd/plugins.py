"""One plugin as it is listed, and what is done to be safe from it while it is loaded."""

from __future__ import annotations

import contextlib
import difflib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Literal

from hpmkd.offers import Offered

#: What a plugin may raise where it is loaded without taking hpmkd down: a script that ends
#: itself when it is imported must not end its host.
FAILURES = (Exception, SystemExit)


@dataclass(frozen=True)
class Plugin:
    """What ``hpmkd plugins`` lists of one plugin.

    Parameters
    ----------
    name : str
        Name of its entry point, as ``--disable`` takes it.
    source : str
        Distribution and version it came from.
    status : {"active", "disabled", "broken"}
        Whether its offers count.
    offers : tuple of Offered
        What it offers; empty unless active.
    problem : str
        Why it is broken, or what else it failed in.
    """

    name: str
    source: str
    status: Literal["active", "disabled", "broken"]
    offers: tuple[Offered, ...] = ()
    problem: str = ""


def source_of(entry_point: EntryPoint) -> str:
    """Return distribution and version of an entry point."""
    distribution = entry_point.dist
    return f"{distribution.name} {distribution.version}" if distribution else entry_point.value


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what a plugin prints to stderr: stdout belongs to results (``--json``)."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def clashes(plugins: Sequence[Plugin]) -> list[str]:
    """Say which names are offered by two plugins, naming both."""
    seen: dict[tuple[str, str], str] = {}
    found = []
    for plugin in plugins:
        for offered in plugin.offers:
            key = (offered.kind, offered.offer.name)
            if key in seen:
                found.append(
                    f"{offered.kind} {offered.offer.name!r} is offered by plugin "
                    f"{seen[key]!r} and by plugin {plugin.name!r}; switch one off: "
                    f"--disable {seen[key]} or --disable {plugin.name}"
                )
            seen[key] = plugin.name
    return found


def unknown(disabled: Iterable[str], installed: Sequence[str]) -> list[str]:
    """Say which names are switched off though no plugin has them."""
    said = []
    for name in sorted(set(disabled) - set(installed)):
        close = difflib.get_close_matches(name, installed, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        known = ", ".join(installed) or "none"
        said.append(f"no plugin is called {name!r} to switch off{hint} Installed: {known}")
    return said
