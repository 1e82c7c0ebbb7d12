"""Paths that are too long, files that are nested too deeply, archives that are cut off."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import hpmkd
from hpmkd.data.table_files import read_table
from hpmkd.errors import DataError, RecipeError, RunFolderError, StudentFileError
from tests.embedding.runs import light
from tests.faults.running import ARGUMENTS, hpmkd_runs

DEEP = "[" * 100_000 + "]" * 100_000
LONG = "x" * 300


@pytest.mark.parametrize("store", ["memory", "cache"])
@pytest.mark.parametrize("place", [LONG, "~nobody-of-this-name/x"], ids=["long", "unknown home"])
def test_odd_folders_of_stores_are_warned_of_in_a_line(folder, store, place):
    done = hpmkd_runs(store, "info", "--folder", place)
    assert done.exit_code in (0, 1, 2)
    assert "Traceback" not in done.output


@pytest.mark.parametrize("store", ["memory", "cache"])
def test_a_folder_of_a_store_whose_name_is_too_long_costs_the_store(folder, store):
    given = {"memory.name": "sqlite", f"{store}.folder": str(folder / LONG)}
    with pytest.warns(
        UserWarning,
        match=rf"the .*{store} can.*File name too long; the run continues|"
        rf"the {store} cannot be .*File name too long\); the run continues",
    ):
        light(settings=given)


@pytest.mark.parametrize("out", [LONG, "/".join(["y" * 200] * 25), "z" * 250])
def test_a_run_folder_whose_name_is_too_long_is_refused_before_any_work(folder, out):
    done = hpmkd_runs(*ARGUMENTS, "--out", out)
    assert done.exit_code == 7
    assert done.stderr.endswith("File name too long; choose another --out\n")
    assert done.stderr.count("\n") == 1


def test_a_journal_whose_name_is_too_long_is_refused(folder):
    with pytest.raises(RunFolderError, match=r"File name too long; choose another folder"):
        light(journal=LONG)


@pytest.mark.parametrize(
    "arguments",
    [
        ["distill", LONG + ".csv", "--target", "y", "--out", "run"],
        ["distill", "data.csv", "--target", "y", "--out", "run", "--teacher", LONG],
        ["distill", "data.csv", "--target", "y", "--out", "run", "--recipe", LONG + ".toml"],
        ["distill", "data.csv", "--target", "y", "--resume", LONG],
        ["predict", LONG, "data.csv"],
        ["predict", "done", LONG + ".csv"],
        ["predict", "done", "data.csv", "--out", LONG],
        ["evaluate", LONG, "data.csv"],
        ["explain", LONG],
        ["explain", "done", "--data", LONG + ".csv"],
        ["pick", LONG],
        ["pick", "done", "--out", LONG],
        ["report", LONG],
        ["report", "done", "--out", LONG, "--quiet"],
        ["report", "done", "--figures", LONG, "--out", "r.html", "--quiet"],
        ["export", LONG, "--to", "json"],
        ["export", "done", "--to", "json", "--out", LONG],
        ["memory", "export", LONG],
        ["memory", "import", LONG],
    ],
    ids=lambda arguments: " ".join(arguments).replace(LONG, "LONG"),
)
def test_a_path_that_is_too_long_is_told_in_a_line(folder, arguments):
    done = hpmkd_runs(*arguments)
    assert done.exit_code != 0
    assert done.stderr.splitlines()[-1].startswith(("Error: ", f"Error: {LONG}"))


@pytest.mark.parametrize("text", [f"stages = {DEEP}", f"[{'.'.join('a' * 3000)}]\nb = 1"])
def test_a_recipe_that_is_nested_too_deeply_is_refused(folder, text):
    Path("deep.toml").write_text(text)
    done = hpmkd_runs("recipe", "show", "deep.toml")
    assert done.exit_code == 2
    assert "is nested too deeply; expected tables and lists of at most 20 levels" in done.stderr


@pytest.mark.parametrize("setting", [f"sampler.trials={DEEP}", f"sampler.{'.'.join('a' * 3000)}=1"])
def test_a_setting_that_is_nested_too_deeply_is_refused(folder, setting):
    done = hpmkd_runs("recipe", "show", "hpm", "--set", setting)
    assert done.exit_code == 2
    assert "is nested too deeply" in done.stderr


def test_a_recipe_that_holds_itself_is_refused():
    settings = {}
    settings["own"] = [settings, settings]
    with pytest.raises(RecipeError, match="nested too deeply"):
        light(settings={"sampler": {"name": "grid", "trials": settings}})


@pytest.mark.parametrize(
    "name", ["run.json", "front.json", "trials.json", "knowledge.json", "evidence.json"]
)
def test_a_file_of_a_run_that_is_nested_too_deeply_is_named(folder, name):
    Path("done", name).write_text(DEEP)
    with pytest.raises(StudentFileError, match=rf"{name} cannot be read: it is nested too deeply"):
        hpmkd.load("done")


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("problem", ["truncated", "damaged"])
def test_a_compressed_table_that_is_cut_off_or_damaged_is_no_table(folder, ending, problem):
    path = folder / f"data.csv.{ending}"
    pd.read_csv("data.csv").to_csv(path, index=False)
    content = path.read_bytes()
    middle = len(content) // 2
    rest = b"" if problem == "truncated" else b"\xff" * 9 + content[middle + 9 :]
    path.write_bytes(content[:middle] + rest)
    with pytest.raises(DataError, match=rf"data.csv.{ending}: cannot be read: "):
        read_table(path)
