"""The executor of plugins/hpmkd-dask, installed: from the command line, and as on its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

DASK = ["hpmkd-dask"]
PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"


def test_it_is_listed_and_loads_nothing_heavy(listed, run):
    plugins, clashes = listed(DASK)
    assert clashes == []
    assert plugins["dask"]["source"] == "hpmkd-dask 0.1.0"
    assert [offer["name"] for offer in plugins["dask"]["offers"]["executor"]] == ["dask"]
    script = "import sys; from hpmkd import Registry; Registry.installed().require_sound(); "
    assert run(DASK, "-c", script + "print({'dask', 'distributed'} & {*sys.modules})").out == (
        "set()\n"
    )


def test_the_student_is_that_of_a_run_without_it(distill, tmp_path):
    at_once = ("--student", "tree", "--no-memory", "--set", "pipeline.start_seconds=0")
    assert distill([], *at_once).code == 0
    student = (tmp_path / "run" / "student.hpmkd").read_bytes()

    done = distill(DASK, *at_once, "--executor", "dask", "--workers", "1", "--overwrite", "--quiet")
    assert done.code == 0, done.err
    assert "distributed" not in done.err, "Dask keeps its log to itself"
    assert (tmp_path / "run" / "student.hpmkd").read_bytes() == student
    recipe = (tmp_path / "run" / "recipe.toml").read_text("utf-8")
    assert '[executor]\nname = "dask"\nworkers = 1' in recipe


def test_a_scheduler_that_is_not_there_ends_with_a_sentence(distill, tmp_path):
    address = "--set=executor.address=nowhere"
    done = distill(DASK, "--executor", "dask", address, "--quiet")
    assert done.code == 4
    assert "no Dask scheduler can be reached at 'nowhere'" in done.err
    assert not (tmp_path / "run").exists()


def test_the_example_of_the_page_runs_as_it_stands_there(run, tmp_path):
    (example,) = re.findall(r"<!-- example -->\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    (tmp_path / "example.py").write_text(example, "utf-8")
    done = run(DASK, "-W", "ignore", "example.py")
    assert done.code == 0, done.err
    assert "tree" in done.out
