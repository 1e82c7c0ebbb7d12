"""What would be uploaded: it is accepted, names its Pythons, and `pip install` hints name it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from hpmkd.registry.registry import DISTRIBUTIONS

ROOT = Path(__file__).parents[2]
PROJECTS = {
    about["project"]["name"]: (path.parent, about)
    for path in (ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml")))
    if (about := tomllib.loads(path.read_text("utf-8")))
}
EXTRAS = {
    name: about["project"].get("optional-dependencies", {}) for name, (_, about) in PROJECTS.items()
}
REQUIRED = {
    re.match(r"[\w.-]+", each)[0]
    for name, (_, about) in PROJECTS.items()
    for group in (about["project"]["dependencies"], *EXTRAS[name].values())
    for each in group
}
#: hpmkd-runtime has a build of its own, with tests of its own.
HATCHED = [name for name in PROJECTS if name != "hpmkd-runtime"]
PYTHONS = ("3.11", "3.12", "3.13")
#: What is installed by its name, or by a path or a file that is there.
HINT = re.compile(r"pip install (?:-[-\w]+ )*['\"]?([^\s'\"`:;,)}]+)")
#: Stands in a text for a name that only a run knows.
UNKNOWN = re.compile(r"[{<…]|^-|^\W*$|^\./hpmkd-nearest-centroid")  # what is not there yet
#: Of others, which nothing here requires.
FOREIGN = {"optuna-dashboard", "xgboost-cpu"}
SOURCES = [
    *(ROOT / "hpmkd").rglob("*.py"),
    *ROOT.glob("plugins/hpmkd_defaults/**/*.py"),
    *ROOT.glob("plugins/*/src/**/*.py"),
    *(ROOT / "docs").glob("*.md"),
    *ROOT.glob("plugins/*/README.md"),
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
]


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    """A wheel and an sdist of each distribution that hatchling builds."""
    out = tmp_path_factory.mktemp("dist")
    return [
        path
        for name in HATCHED
        for builder in (WheelBuilder, SdistBuilder)
        for path in builder(str(PROJECTS[name][0])).build(directory=str(out))
    ]


def test_an_index_would_accept_them(uploads):
    check = pytest.importorskip("twine.commands.check", reason="pip install twine").check
    assert len(uploads) == 2 * len(HATCHED)
    assert check(uploads, strict=True) is False  # whether any failed


@pytest.mark.parametrize("name", PROJECTS)
def test_a_distribution_names_the_pythons_it_is_tried_on(name):
    project = PROJECTS[name][1]["project"]
    named = [each.rpartition(" :: ")[2] for each in project["classifiers"] if ":: Python" in each]
    assert named == ["Only", *PYTHONS]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    assert "Typing :: Typed" in project["classifiers"]
    package = "hpmkd" if name == "hpmkd" else f"src/{name.replace('-', '_')}"
    assert (PROJECTS[name][0] / package / "py.typed").is_file()


def test_the_other_pythons_are_those_that_ci_tries():
    script = (ROOT / ".ci" / "pythons").read_text("utf-8")
    assert f"for version in {' '.join(PYTHONS[1:])}; do" in script


def hints():
    for path in SOURCES:
        for hint in HINT.findall(path.read_text("utf-8")):
            if not UNKNOWN.search(hint):
                yield path, hint.rstrip(".")


def test_every_hint_of_what_to_install_names_what_exists():
    found = [*hints()]
    assert len(found) > 15
    for path, hint in found:
        if (ROOT / hint).exists():
            continue
        name, wanted = re.match(r"(?:.*/)?([\w.-]+)(?:\[([\w,]+)\])?", hint).groups()
        extras = EXTRAS.get("hpmkd" if name == "." else name)
        assert extras is not None or name in REQUIRED | FOREIGN, f"{path}: {hint}"
        assert wanted is None or {*wanted.split(",")} <= {*extras}, f"{path}: {hint}"
    assert {each for kind in DISTRIBUTIONS.values() for each in kind.values()} <= {*PROJECTS}
