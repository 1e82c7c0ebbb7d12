"""Benchmarks take hours and are not run here: they can start, and the list of them is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_every_module_can_be_imported():
    paths = sorted((ROOT / "benchmarks").rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    assert "benchmarks.chain.run" in names
    found = run("-c", f"import importlib; [importlib.import_module(name) for name in {names}]")
    assert found.returncode == 0, found.stderr


def test_the_list_imports_nothing_heavy_and_names_all():
    heavy = "{'numpy', 'pandas', 'sklearn', 'xgboost', 'numba', 'hpmkd'}"
    code = "import sys, benchmarks.__main__ as m; m.main([]); "
    found = run("-c", f"{code} assert not {heavy} & {{*sys.modules}}")
    assert found.returncode == 0, found.stderr
    assert all(f"python -m benchmarks {name} " in found.stdout for name in BENCHMARKS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_code_that_it_measures_exists(name):
    measures = BENCHMARKS[name].measures
    assert measures
    assert [path for path in measures if not (ROOT / path).exists()] == []


def test_the_check_tells_the_age_of_every_page_or_that_there_is_no_history():
    found = run("-m", "benchmarks", "--check")
    pages = {page for each in BENCHMARKS.values() for page in each.pages}
    if found.returncode:
        assert re.search("has no history|shallow|not installed", found.stderr), found.stderr
    else:
        assert set(re.findall(r"^\w+ +(docs/\S+):", found.stdout, re.MULTILINE)) == pages


def test_the_check_has_no_other_option():
    found = run("-m", "benchmarks", "--check", "--strickt")
    assert found.returncode != 0
    assert "got --strickt; expected --strict" in found.stderr


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_page_exists_and_names_the_command_that_writes_it(name):
    page = BENCHMARKS[name].page
    if page:
        text = (ROOT / "docs" / page).read_text("utf-8")
        assert f"python -m benchmarks {name}" in " ".join(text.split())


def test_an_unknown_name_is_refused_with_the_known_ones():
    found = run("-m", "benchmarks", "chian")
    assert found.returncode != 0
    assert "'chian'" in found.stderr
    assert "chain" in found.stderr
