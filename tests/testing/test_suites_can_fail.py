"""The conformance suites are tested themselves: right components pass, each wrong one is caught.

The files in ``cases/`` hold subclasses of the suites. One pytest run over all of them, in a
process of its own, gives the outcomes: a right case is given every test, a wrong one that which
its ``caught_by`` names, and must fail it.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

import pytest

import hpmkd.testing

CASES = Path(__file__).parent / "cases"
FILES = sorted(CASES.glob("*_cases.py"))
ROOT = Path(__file__).parents[2]


def load(file):
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases():
    for file in FILES:
        for name, case in vars(load(file)).items():
            if name.startswith("Test"):
                yield pytest.param(file, name, getattr(case, "caught_by", None), id=name)


def asked_for():
    """Yield what pytest is to run, as it names it."""
    for file, name, caught_by in (case.values for case in cases()):
        yield "::".join(filter(None, (str(file), name, caught_by)))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Outcome of every test: ``outcomes[file stem, class][test name]`` → set of outcomes."""
    report = tmp_path_factory.mktemp("outcomes") / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    command += ["--tb=no", f"--junitxml={report}", *asked_for()]
    run = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found = defaultdict(lambda: defaultdict(set))
    for case in ElementTree.parse(report).iter("testcase"):
        *_, file, name = case.get("classname").split(".")
        kinds = {child.tag for child in case} or {"passed"}
        found[file, name][case.get("name").partition("[")[0]] |= kinds
    return found


@pytest.mark.parametrize(("file", "name", "caught_by"), list(cases()))
def test_right_passes_and_wrong_is_caught(outcomes, file, name, caught_by):
    tests = outcomes[file.stem, name]
    assert tests, "the case did not run"
    if caught_by is None:
        bad = {test: kinds for test, kinds in tests.items() if not kinds <= {"passed", "skipped"}}
        assert not bad
    else:
        assert tests[caught_by] & {"failure", "error"}


def suite_tests():
    for suite in hpmkd.testing.__all__:
        for name, _ in inspect.getmembers(getattr(hpmkd.testing, suite), inspect.isfunction):
            if name.startswith("test_"):
                yield suite, name


@pytest.mark.parametrize(("suite", "test"), list(suite_tests()))
def test_every_inherited_test_catches_something(suite, test):
    suite = getattr(hpmkd.testing, suite)
    catching = {
        case.caught_by
        for file in FILES
        for case in vars(load(file)).values()
        if inspect.isclass(case) and issubclass(case, suite) and hasattr(case, "caught_by")
    }
    assert test in catching


def test_every_suite_has_cases():
    assert {file.stem.partition("_")[0] for file in FILES} == {
        "augmenter", "cache", "executor", "exporter", "fuser", "memory", "sampler", "scheduler",
        "stage", "teacher", "transfer",
    }  # fmt: skip


def test_suites_are_loaded_when_asked_for():
    script = (
        "import sys, hpmkd.testing, hpmkd.testing.tasks\n"
        "heavy = {'pytest', 'sklearn', 'pandas', 'optuna'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "try: hpmkd.testing.NoSuite\n"
        "except AttributeError: pass\n"
        "else: raise SystemExit('no AttributeError')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
