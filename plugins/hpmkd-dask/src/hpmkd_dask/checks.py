"""Whether a worker has what a task needs, and in which versions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Any

#: What every worker imports.
MODULES = ("hpmkd", "hpmkd_dask")
#: Distributions whose messages and pickles are understood by the same version only.
STRICT = ("hpmkd", "hpmkd-dask", "dask", "distributed", "cloudpickle")
#: Distributions whose other versions may compute other last bits.
LOOSE = ("numpy", "scipy", "scikit-learn", "xgboost", "numba", "pandas")

#: Evaluated in a worker, which may have none of our modules: it is sent as text.
QUESTION = """{
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
class Wanted:
    """What this process has, and a worker must have.

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
    def here(cls) -> Wanted:
        """Look at this process."""
        plugins = (point.dist.name for point in entry_points(group="hpmkd") if point.dist)
        names = dict.fromkeys((*STRICT, *plugins, *LOOSE))
        found = {name: _version(name) for name in names}
        versions = {name: each for name, each in found.items() if each is not None}
        return cls("%d.%d" % sys.version_info[:2], versions)  # noqa: UP031

    @property
    def names(self) -> dict[str, Any]:
        """What :data:`QUESTION` is evaluated with."""
        # Globals: a comprehension does not see the locals of what is evaluated.
        return {"modules": MODULES, "names": tuple(self.versions)}

    def refusals(self, answer: Mapping[str, Any]) -> Iterator[str]:
        """Say why a worker cannot work for us, given its answer."""
        if answer["missing"]:
            yield f"{' and '.join(answer['missing'])} cannot be imported there"
        if answer["python"] != self.python:
            yield f"it has Python {answer['python']}, here it is {self.python}"
        strict = [name for name in self.versions if name not in LOOSE]
        yield from self._differences(strict, answer["versions"])

    def doubts(self, answer: Mapping[str, Any]) -> Iterator[str]:
        """Say why a worker may compute other last bits."""
        yield from self._differences(LOOSE, answer["versions"])

    def _differences(self, names: Sequence[str], versions: Mapping[str, str]) -> Iterator[str]:
        for name in names:
            # A plugin that is missing there may not be needed there; a task that does says so.
            if versions.get(name, self.versions.get(name)) != self.versions.get(name):
                yield f"it has {name} {versions[name]}, here it is {self.versions[name]}"

    def install(self) -> str:
        """Return what to type where a worker runs."""
        strict = [name for name in self.versions if name not in (*LOOSE, "dask", "cloudpickle")]
        return "pip install " + " ".join(f"{name}=={self.versions[name]}" for name in strict)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
