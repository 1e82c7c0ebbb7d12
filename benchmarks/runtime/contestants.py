"""The contestants: hpmkd and hpmkd-runtime, each by its kernels, each as its user installs it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugins" / "hpmkd-runtime"


class Size(NamedTuple):
    """Megabytes of files."""

    whole: float
    bare: float

    def __add__(self, other: tuple[float, ...]) -> Size:
        return Size(*(a + b for a, b in zip(self, other, strict=True)))


class Contestant(NamedTuple):
    """One way to answer.

    Parameters
    ----------
    name : str
    module : str
        Has ``Student``; "numpy" for the one that predicts nothing.
    kernels : str
        What ``HPMKD_KERNELS`` names.
    sites : tuple of Path
        Where its modules are; there are no others but Python's own.
    megabytes : (float, float)
        What is installed for it, and that without the modules that pip compiles to ``.pyc``.
    """

    name: str
    module: str
    kernels: str
    sites: tuple[Path, ...]
    megabytes: Size


def contestants(folder: Path) -> list[Contestant]:
    """Install hpmkd-runtime into a folder, and return all contestants; NumPy alone first."""
    runtime, numpy, everything = folder / "runtime", folder / "numpy", _site()
    install_runtime(runtime)
    numpy.mkdir()
    for part in ("numpy", "numpy.libs"):
        if (everything / part).exists():
            (numpy / part).symlink_to(everything / part)
    light = size_of("numpy")
    own, whole = _megabytes(runtime.rglob("*")), _whole()
    small, with_c = light + own, whole + own
    return [
        Contestant("NumPy, which answers nothing", "numpy", "", (numpy,), light),
        Contestant("hpmkd, numba", "hpmkd.student", "numba", (ROOT, everything), whole),
        Contestant("hpmkd, C", "hpmkd.student", "c", (ROOT, runtime, everything), with_c),
        Contestant("hpmkd-runtime, C", "hpmkd_runtime", "c", (runtime, numpy), small),
        Contestant("hpmkd-runtime, NumPy", "hpmkd_runtime", "numpy", (runtime, numpy), small),
    ]


def install_runtime(folder: Path) -> None:
    """Build hpmkd-runtime and install it into a folder, without NumPy."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--target", str(folder), str(PLUGIN)], check=True)


def size_of(name: str) -> Size:
    """Return the size of a distribution's files."""
    found = distribution(name)
    return _megabytes(Path(str(found.locate_file(each))) for each in found.files or ())


def _whole() -> Size:
    """Return the size of hpmkd and of all that it requires."""
    own = [*(ROOT / "hpmkd").rglob("*"), *(ROOT / "plugins" / "hpmkd_defaults").rglob("*")]
    return sum((size_of(name) for name in _required("hpmkd", set())), _megabytes(own))


def _required(name: str, seen: set[str]) -> set[str]:
    """Return the distributions that one requires, and those that they do."""
    for line in distribution(name).requires or ():
        wanted = Requirement(line)
        if wanted.name in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        try:
            distribution(wanted.name)
        except PackageNotFoundError:
            continue
        seen.add(wanted.name)
        _required(wanted.name, seen)
    return seen


def _megabytes(paths: Iterable[Path]) -> Size:
    sizes = [(path.suffix, path.stat().st_size / 1e6) for path in paths if path.is_file()]
    compiled = sum(size for suffix, size in sizes if suffix == ".pyc")
    whole = sum(size for _, size in sizes)
    return Size(whole, whole - compiled)


def _site() -> Path:
    return Path(sysconfig.get_path("purelib"))
