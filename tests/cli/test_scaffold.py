"""``hpmkd plugin new``: what it writes, and the names and places that it refuses."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hatchling.builders.wheel import WheelBuilder

from hpmkd.cli import cli
from hpmkd.cli.scaffold import distribution
from hpmkd.cli.scaffold.kinds import KINDS
from hpmkd.cli.scaffold.names import PluginNames
from hpmkd.hookspecs import OFFER_HOOKS


@pytest.fixture
def new(tmp_path, monkeypatch):
    """``new("mine", "--kind", "stage")`` in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        done = CliRunner().invoke(cli, ["plugin", "new", *arguments])
        return done.exit_code, done.stdout, done.stderr

    return call


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_kind_of_component_can_be_started():
    assert set(KINDS) == {*OFFER_HOOKS, "command"}


def test_it_writes_a_distribution_and_says_what_to_type(new, tmp_path):
    code, out, err = new("nearest-centroid", "--kind", "stage")
    assert (code, out) == (0, "hpmkd-nearest-centroid\n")
    assert "pip install --editable './hpmkd-nearest-centroid[test]'" in err
    assert "hpmkd distill data.csv --target y" in err
    assert "--student nearest-centroid" in err
    root = tmp_path / "hpmkd-nearest-centroid"
    package = "src/hpmkd_nearest_centroid"
    assert files_in(root) == {
        "README.md",
        "pyproject.toml",
        f"{package}/__init__.py",
        f"{package}/py.typed",
        f"{package}/stage.py",
        "tests/test_stage.py",
    }
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["name"] == "hpmkd-nearest-centroid"
    assert project["entry-points"]["hpmkd"] == {"nearest-centroid": "hpmkd_nearest_centroid"}
    assert "class NearestCentroidStage:" in (root / package / "stage.py").read_text()
    assert "$ pytest\n" in (root / "README.md").read_text()


def test_the_prefix_may_be_typed_and_the_folder_chosen(new, tmp_path):
    code, out, _ = new("hpmkd-mine", "--kind", "command", "--out", "there")
    assert (code, out) == (0, "there\n")
    assert "src/hpmkd_mine/command.py" in files_in(tmp_path / "there")


def test_a_path_with_spaces_can_be_pasted(new, tmp_path):
    folder = tmp_path / "my plugins"
    folder.mkdir()
    _, out, err = new("mine", "--kind", "cache", "--out", str(folder / "mine"))
    assert out == f"{folder}/mine\n"
    assert f"pip install --editable '{folder}/mine[test]'; pytest '{folder}/mine'\n" in err


def test_what_is_written_is_formatted_and_lints(tmp_path):
    for kind in KINDS:
        names = PluginNames.parse("mine", kind)
        distribution.write_distribution(names, tmp_path / kind)
        text = "".join((tmp_path / kind / name).read_text() for name in files_in(tmp_path / kind))
        assert "$name" not in text
    ruff = [sys.executable, "-m", "ruff"]
    rules = "--extend-select=I,N,UP,B,D2,D3,D4,C4,SIM,RUF,PT,PERF"
    ignored = "--ignore=D203,D213,D407,D413,RUF001,RUF002,RUF003"
    for command in (["check", rules, ignored], ["format", "--check"]):
        done = subprocess.run([*ruff, *command, tmp_path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_takes_the_templates_along():
    root = Path(__file__).parents[2]
    taken = {each.distribution_path for each in WheelBuilder(str(root)).recurse_included_files()}
    templates = (root / "hpmkd" / "cli" / "scaffold" / "templates").rglob("*.template")
    needed = {path.relative_to(root).as_posix() for path in templates}
    assert len(needed) > 2 * len(KINDS)
    assert needed <= taken


@pytest.mark.parametrize(
    ("name", "got"),
    [
        ("Nearest", "got 'Nearest'"),
        ("2nd", "got '2nd'"),
        ("a b", "got 'a b'"),
        ("a--b", "got 'a--b'"),
        ("a/b", "got 'a/b'"),
        ("mine-", "got 'mine-'"),
        ("é", "got 'é'"),
        ("", "got ''"),
        ("hpmkd-", "got 'hpmkd-'"),
        ("a" * 51, "50 characters at most"),
        ("class", "something else in Python or in a recipe; expected another word, such as"),
        ("none", "such as none-stage"),
        ("tree", "the name of a stage that is there already"),
        ("lightgbm", "the name of the stage in hpmkd-lightgbm"),
        ("defaults", "the name of the plugin in hpmkd"),
        ("runtime", "an installed module, hpmkd_runtime"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_written(new, tmp_path, name, got):
    code, out, err = new(name, "--kind", "stage")
    assert (code, out) == (2, "")
    assert got in " ".join(err.replace("│", "").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["distill", "plugin", "memory", "serve"])
def test_a_command_does_not_take_the_name_of_another(new, tmp_path, name):
    code, _, err = new(name, "--kind", "command")
    assert code == 2
    assert f"got {name!r}, which is the name of" in err
    assert list(tmp_path.iterdir()) == []


def test_names_are_taken_by_kind(new):
    assert new("forest", "--kind", "stage")[0] == 0
    assert new("munge", "--kind", "fuser")[0] == 0


def test_an_existing_folder_stays_as_it_is(new, tmp_path):
    (tmp_path / "hpmkd-mine").mkdir()
    (tmp_path / "hpmkd-mine" / "notes.txt").write_text("keep")
    code, _, err = new("mine", "--kind", "stage")
    assert code == 2
    assert "hpmkd-mine exists already" in err
    assert files_in(tmp_path) == {"hpmkd-mine/notes.txt"}


def test_a_folder_that_is_not_there_is_named(new, tmp_path):
    code, _, err = new("mine", "--kind", "stage", "--out", "nowhere/mine")
    assert code == 7
    assert "cannot write nowhere/mine" in err
    assert "--out" in err
    assert list(tmp_path.iterdir()) == []


def test_a_failure_in_the_middle_leaves_nothing(new, tmp_path, monkeypatch):
    whole = distribution.contents

    def cut(names):
        # A file where a folder must be: what comes before it has been written.
        return {**whole(names), "README.md/more": ""}

    monkeypatch.setattr(distribution, "contents", cut)
    code, _, err = new("mine", "--kind", "stage")
    assert code == 7
    assert "cannot write hpmkd-mine" in err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_lists_all_kinds(new):
    code, _, err = new("mine", "--kind", "stag")
    assert code == 2
    assert all(kind in err for kind in KINDS)
