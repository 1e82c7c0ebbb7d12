"""Installs the throwaway distributions, and runs Python and hpmkd with some of them in sight.

Each distribution in ``tests/distributions``, and those in ``plugins``, is installed into a
folder of its own, without network; a process sees those whose folders are on its ``PYTHONPATH``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hatchling.builders.wheel import WheelBuilder
from sklearn.datasets import load_wine

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = [
    *sorted(ROOT.glob("tests/distributions/*/pyproject.toml")),
    ROOT / "plugins" / "hpmkd-lightgbm" / "pyproject.toml",
    ROOT / "plugins" / "hpmkd-dask" / "pyproject.toml",
    ROOT / "plugins" / "hpmkd-mlflow" / "pyproject.toml",
    ROOT / "plugins" / "hpmkd-serve" / "pyproject.toml",
]
#: What makes a run short, where it is about who takes part in it.
SHORT = {
    "augmenter.name": "none",
    "front.size": 0,
    "sampler.trials": 1,
    "split.folds": 2,
}
#: Distribution, and what must be said of it.
BROKEN = {
    "import_error": "a_module_that_nobody_has",
    "misspelt_hook": "hpmkd_fuserz",
    "wrong_type": "hpmkd_fusers: returned an item 'median'",
}


@pytest.fixture
def reasons():
    """The expected message for each broken distribution."""
    return BROKEN


@pytest.fixture(params=BROKEN)
def broken(request):
    """Each broken distribution: its folder, the name of its plugin, why it is broken."""
    name = request.param
    return SimpleNamespace(folder=name, plugin=name.replace("_", "-"), reason=BROKEN[name])


@pytest.fixture(scope="session")
def sites(tmp_path_factory):
    """Folder of each distribution, installed."""
    parent, wheels = tmp_path_factory.mktemp("sites"), tmp_path_factory.mktemp("wheels")
    for each in (path.parent for path in DISTRIBUTIONS):
        # What pip does with a wheel of Python alone, without the seconds that it takes.
        (wheel,) = WheelBuilder(str(each)).build(directory=str(wheels), versions=["standard"])
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(parent / each.name)
    return parent


@pytest.fixture
def run(sites, tmp_path):
    """``run(["good"], "-m", "hpmkd", …)``: Python in a process that sees these plugins."""

    def call(names, *arguments, **variables):
        # The path of these tests comes last: it may be that of a working tree.
        own = os.environ.get("PYTHONPATH")
        paths = [*(str(sites / name) for name in names), *([own] if own else [])]
        seen = {"PYTHONPATH": os.pathsep.join(paths), "HPMKD_DISABLE": ""}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, **seen, **variables},
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)

    return call


@pytest.fixture
def listed(run):
    """``listed(["good"], …)``: what ``hpmkd plugins --json`` says, plugins by name."""

    def call(names, *arguments, **variables):
        done = run(names, "-m", "hpmkd", "plugins", "--json", *arguments, **variables)
        assert done.code == 0, done.err
        found = json.loads(done.out)
        return {each["name"]: each for each in found["plugins"]}, found["clashes"]

    return call


@pytest.fixture
def distill(run, tmp_path):
    """``distill(["good"], …)``: a small run on real rows; the folder is in ``out``."""
    frame = load_wine(as_frame=True).frame.iloc[:, [0, 1, 2, 3, 4, 13]]
    words = {0: "barolo", 1: "grignolino", 2: "barbera"}
    frame.assign(target=frame["target"].map(words)).to_csv(tmp_path / "wine.csv", index=False)

    def call(names, *arguments, **variables):
        command = ["-m", "hpmkd", "distill", "wine.csv", "--target", "target", "--out", "run"]
        command += [
            "--teacher",
            "quick",
            *(f"--set={name}={value}" for name, value in SHORT.items()),
        ]
        return run(names, *command, *arguments, **variables)

    return call
