"""``requirements/cpu.txt`` and pyproject.toml agree on what xgboost-cpu stands in for."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]


def project(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_file_installs_the_stand_in_and_then_hpmkd():
    lines = (ROOT / "requirements" / "cpu.txt").read_text("utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted == ["./requirements/xgboost-cpu", "."]
    assert all((ROOT / each / "pyproject.toml").is_file() for each in wanted)


def test_the_stand_in_is_an_xgboost_that_hpmkd_takes_and_brings_the_version_that_it_claims():
    (needed,) = (
        each
        for each in map(Requirement, project(ROOT)["dependencies"])
        if each.name.startswith("xgboost")
    )
    stand_in = project(ROOT / "requirements" / "xgboost-cpu")
    version = Version(stand_in["version"])
    assert stand_in["name"] == needed.name == "xgboost"
    assert version.local == "cpu"
    assert needed.specifier.contains(version)
    assert stand_in["dependencies"] == [f"xgboost-cpu=={version.public}"]


def test_the_page_and_the_makefile_name_the_command():
    command = "pip install -r requirements/cpu.txt"
    assert command in (ROOT / "docs" / "install.md").read_text("utf-8")
    assert "benchmarks installed-size --only xgboost-cpu" in (ROOT / "Makefile").read_text("utf-8")
