"""The modules and versions that a worker must have for tasks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import (
    PackageNotFoundError,
    entry_points,
    packages_distributions,
    version,
)
from typing import Any

#: Imported by every worker.
MODULES = ("hpmkd", "hpmkd_dask")
#: Distributions that every worker needs, and with them what they need.
NEEDED = ("hpmkd", "hpmkd-dask", "distributed")
#: Distributions whose messages and pickles are understood by the same version only.
STRICT = ("hpmkd", "hpmkd-dask", "dask", "distributed", "cloudpickle")
#: Distributions whose other versions may compute other last bits.
LOOSE = ("numpy", "scipy", "scikit-learn", "xgboost", "xgboost-cpu", "numba", "pandas")

#: Evaluated in a worker, which may have none of our modules: it is sent as text.
FACTS = """{
    "pid": __import__("os").getpid(),
    "python": "%d.%d" % __import__("sys").version_info[:2],
    "missing": [
        name for name in modules if __import__("importlib.util").util.find_spec(name) is None
    ],
    "versions": {
        name: found.version
        for name in names
        for found in [*__import__("importlib.metadata").metadata.distributions(name=name)][:1]
    },
}"""


@dataclass(frozen=True)
class Requirements:
    """The versions of this process, which a worker must have.

    Parameters
    ----------
    python : str
        Its version, up to the second number.
    versions : mapping
        Of distributions; one that is missing here is missing from it.
    """

    python: str
    versions: Mapping[str, str]

    @classmethod
    def here(cls) -> Requirements:
        """Read the versions of this process."""
        plugins = (point.dist.name for point in entry_points(group="hpmkd") if point.dist)
        names = dict.fromkeys((*STRICT, *plugins, *LOOSE))
        found = {name: _version(name) for name in names}
        versions = {name: each for name, each in found.items() if each is not None}
        return cls("%d.%d" % sys.version_info[:2], versions)  # noqa: UP031

    @property
    def names(self) -> dict[str, Any]:
        """The variables of :data:`FACTS`."""
        # Globals: a comprehension does not see the locals of what is evaluated.
        return {"modules": MODULES, "names": tuple(self.versions)}

    def refusals(self, facts: Mapping[str, Any]) -> Iterator[str]:
        """Return why a worker cannot be used, given its facts."""
        if facts["missing"]:
            yield f"{' and '.join(facts['missing'])} cannot be imported there"
        if facts["python"] != self.python:
            yield f"it has Python {facts['python']}, here it is {self.python}"
        for name in self.differing(facts):
            yield self._difference(name, facts["versions"])

    def differing(self, facts: Mapping[str, Any]) -> list[str]:
        """Return the distributions whose versions a worker is refused for."""
        strict = [name for name in self.versions if name not in LOOSE]
        return self._differing(strict, facts["versions"])

    def doubts(self, facts: Mapping[str, Any]) -> Iterator[str]:
        """Return why the last bits of a worker's results may differ."""
        for name in self._differing(LOOSE, facts["versions"]):
            yield self._difference(name, facts["versions"])

    def _differing(self, names: Sequence[str], versions: Mapping[str, str]) -> list[str]:
        # A plugin that is missing there may not be needed there; a task that does reports it.
        here = self.versions
        return [name for name in names if versions.get(name, here.get(name)) != here.get(name)]

    def _difference(self, name: str, versions: Mapping[str, str]) -> str:
        return f"it has {name} {versions[name]}, here it is {self.versions[name]}"

    def install(self, *names: str) -> str:
        """Return what to type where a worker runs: what all need, and these distributions."""
        wanted = [name for name in dict.fromkeys((*NEEDED, *names)) if name in self.versions]
        return "pip install " + " ".join(f"{name}=={self.versions[name]}" for name in wanted)


def remedy(module: str) -> str:
    """Return what to do about workers that lack a module.

    Parameters
    ----------
    module : str
        Its name, with dots perhaps.
    """
    top = module.partition(".")[0]
    names = packages_distributions().get(top, [top])
    if versions := [f"{name}=={found}" for name in names if (found := _version(name))]:
        return f"where the workers run, type: pip install {' '.join(versions)}"
    file = getattr(sys.modules.get(top), "__file__", None)
    return (
        f"{top!r} is not an installable package, and must be importable where the workers "
        f"run: copy {file or 'its file'} there, into a folder of the PYTHONPATH that they are "
        "started with"
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
