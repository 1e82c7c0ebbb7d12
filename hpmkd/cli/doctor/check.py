"""One thing that was looked at, and all of them in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What it is.
    found : str
        What is there, or what is wrong with it.
    status : {"ok", "problem"}
        Whether some command would fail by it.
    advice : str
        What to do or to type; of a problem always.
    """

    name: str
    found: str
    status: Literal["ok", "problem"] = "ok"
    advice: str = ""


def all_checks() -> Iterator[Check]:
    """Look at everything; what takes longest comes last, so that lines appear as they are known."""
    from hpmkd.cli.doctor.machine import kernels, threads
    from hpmkd.cli.doctor.places import key, places
    from hpmkd.cli.doctor.software import extras, plugins, versions

    for look in (versions, extras, plugins, threads, key, places, kernels):
        yield from look()
