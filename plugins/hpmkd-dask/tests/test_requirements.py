"""What a worker is asked, and what it is refused for."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

import pytest

from hpmkd_dask.checks import QUESTION, Wanted, remedy


@pytest.fixture
def wanted():
    return Wanted.here()


@pytest.fixture
def answer(wanted):
    """What a worker like this process says."""
    return eval(QUESTION, wanted.names)


def test_a_worker_like_this_process_is_taken(wanted, answer):
    assert answer["pid"] == os.getpid()
    assert answer["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert answer["versions"]["distributed"] == version("distributed")
    assert list(wanted.refusals(answer)) == []
    assert list(wanted.doubts(answer)) == []


def test_what_is_missing_is_named(wanted):
    there = eval(QUESTION, {**wanted.names, "modules": ("json", "nowhere_to_be_found")})
    assert list(wanted.refusals(there)) == ["nowhere_to_be_found cannot be imported there"]


@pytest.mark.parametrize("name", ["hpmkd", "distributed", "cloudpickle"])
def test_another_version_of_what_speaks_is_refused(wanted, answer, name):
    answer["versions"][name] = "0.0.1"
    assert list(wanted.refusals(answer)) == [f"it has {name} 0.0.1, here it is {version(name)}"]
    assert list(wanted.doubts(answer)) == []


def test_another_python_is_refused(wanted, answer):
    answer["python"] = "3.9"
    (reason,) = wanted.refusals(answer)
    assert reason.startswith("it has Python 3.9, here it is 3.")


def test_another_version_of_what_computes_is_a_doubt(wanted, answer):
    answer["versions"]["numpy"] = "1.0"
    assert list(wanted.refusals(answer)) == []
    assert list(wanted.doubts(answer)) == [f"it has numpy 1.0, here it is {version('numpy')}"]


def test_a_plugin_may_be_missing_until_a_task_needs_it(answer):
    wanted = Wanted("%d.%d" % sys.version_info[:2], {"hpmkd-tracker": "1.0"})  # noqa: UP031
    assert list(wanted.refusals(answer)) == []
    answer["versions"]["hpmkd-tracker"] = "2.0"
    assert list(wanted.refusals(answer)) == ["it has hpmkd-tracker 2.0, here it is 1.0"]
    assert wanted.differing(answer) == ["hpmkd-tracker"]


def test_what_to_install_is_what_is_needed():
    """Not what only looks on, such as a tracker."""
    wanted = Wanted("3.11", {"hpmkd": "1", "hpmkd-tracker": "2", "hpmkd-dask": "3", "numpy": "4"})
    assert wanted.install() == "pip install hpmkd==1 hpmkd-dask==3"
    assert wanted.install("hpmkd-tracker") == "pip install hpmkd==1 hpmkd-dask==3 hpmkd-tracker==2"


@pytest.mark.parametrize(
    ("module", "name"), [("sklearn.tree", "scikit-learn"), ("distributed", "distributed")]
)
def test_a_missing_package_is_to_be_installed(module, name):
    expected = f"where the workers run, type: pip install {name}=={version(name)}"
    assert remedy(module) == expected


def test_a_missing_file_is_to_be_copied():
    told = remedy("test_nowhere_as_it_is")
    assert "'test_nowhere_as_it_is' is no package that could be installed" in told
    assert "copy its file there, into a folder of the PYTHONPATH" in told
    assert "pip" not in told
