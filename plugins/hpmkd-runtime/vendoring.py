"""Copies hpmkd's modules into the distribution, under its own name.

As pip vendors its libraries: copied, with absolute imports rewritten.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "hpmkd_runtime"
#: Modules and whole packages of hpmkd: what a student needs to answer, and nothing that fits one.
PARTS = (
    "errors.py",
    "files.py",
    "html.py",
    "student",
    "kernels/__init__.py",
    "kernels/_checks.py",
    "kernels/_margins.py",
    "kernels/_packed_numpy",
    "kernels/_predict_numpy.py",
    "kernels/backends/__init__.py",
    "kernels/backends/c.py",
    "kernels/backends/numpy.py",
    "kernels/packed.py",
)
#: Conversion of other libraries' models, and combination of students.
LEFT_OUT = ("student/combine.py", "student/encoders/sklearn.py", "student/models/convert.py")
#: Headers of the C kernel.
HEADERS = "kernels/c"
_IMPORT = re.compile(r"^(\s*(?:>>> )?(?:from|import) )hpmkd(?=[. ])", re.MULTILINE)


def host_of(root: Path) -> Path:
    """Return the folder of hpmkd's sources: beside setup.py in an sdist, else that of the checkout.

    Raises
    ------
    FileNotFoundError
        Neither is there.
    """
    for folder in (root / "hpmkd", root.parents[1] / "hpmkd"):
        if (folder / HEADERS).is_dir():
            return folder
    raise FileNotFoundError(
        f"{root} has no sources of hpmkd: build in a checkout of hpmkd, or from an sdist"
    )


def copy_sources(host: Path, target: Path) -> None:
    """Copy what is built from, as it is, for an sdist."""
    for path in [*_modules(host), *sorted((host / HEADERS).glob("*.h"))]:
        _place(target / path.relative_to(host)).write_bytes(path.read_bytes())


def write_modules(host: Path, package: Path) -> None:
    """Write the modules of hpmkd into the package.

    Raises
    ------
    ValueError
        A module would replace one of the package itself.
    """
    for path in _modules(host):
        target = _place(package / path.relative_to(host))
        if target.exists():
            raise ValueError(f"{target} is of {PACKAGE} and of hpmkd: rename one of them")
        target.write_text(renamed(path.read_text("utf-8")), "utf-8")


def renamed(source: str) -> str:
    """Return the source of a module with imports of hpmkd rewritten, those of doctests as well."""
    return _IMPORT.sub(rf"\g<1>{PACKAGE}", source)


def clear(package: Path) -> None:
    """Remove what an earlier build left of hpmkd's modules."""
    for part in PARTS:
        path = package / part
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _modules(host: Path) -> Iterator[Path]:
    for part in PARTS:
        path = host / part
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (each for each in found if each.relative_to(host).as_posix() not in LEFT_OUT)


def _place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
