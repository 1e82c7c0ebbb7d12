"""What the shell completes."""

from __future__ import annotations

import pytest
from click.shell_completion import BashComplete

from hpmkd.cli import cli


def completed(*typed):
    """Return what may stand where the last of the arguments is, and whether files may."""
    *arguments, incomplete = typed
    found = BashComplete(cli, {}, "hpmkd", "_HPMKD_COMPLETE").get_completions(arguments, incomplete)
    names = [each.value for each in found if each.type == "plain"]
    return names, any(each.type == "file" for each in found)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "students").mkdir()
    for name in ("gbm", "gbm-2-94", "tree"):
        (tmp_path / "students" / f"{name}.hpmkd").touch()
    return str(tmp_path)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (["do"], ["doctor"]),
        (["distill", "a.csv", "--set", "budget.m"], ["budget.models="]),
        (["distill", "a.csv", "--set", "reference.name=q"], ["reference.name=quick"]),
        (["distill", "--set", "sampler.name=s"], ["sampler.name=staged"]),
        (["distill", "--student", "n"], ["network"]),
        (["distill", "--executor", ""], ["loky", "serial"]),
        (["distill", "--json", "--disable", ""], ["defaults"]),
        (["distill", "--metric", "a"], ["auc", "average_precision", "accuracy"]),
        (["distill", "--metric", "c"], ["cost="]),
        (["export", "runs/a", "--to", "js"], ["js", "json"]),
        (["distill", "--recipe", "nothing.toml", "--set", ""], []),
    ],
    ids=" ".join,
)
def test_names_are_completed(typed, names):
    assert completed(*typed)[0] == names


@pytest.mark.parametrize("typed", [["distill", "--recipe", "p"], ["recipe", "show", "p"]])
def test_recipes_may_be_files_too(typed):
    assert completed(*typed) == (["proposal"], True)


def test_students_are_those_of_the_run(run):
    assert completed("predict", run, "--student", "g")[0] == ["gbm", "gbm-2-94"]
    assert completed("explain", run, "--json", "--student", "")[0] == ["gbm", "gbm-2-94", "tree"]
    for other in (["predict"], ["predict", "/nowhere"]):
        assert completed(*other, "--student", "") == ([], False)
