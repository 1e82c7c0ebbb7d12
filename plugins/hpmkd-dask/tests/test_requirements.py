"""What a worker must have, and what it is refused for."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

import pytest

from hpmkd_dask.requirements import FACTS, Requirements, remedy


@pytest.fixture
def required():
    return Requirements.here()


@pytest.fixture
def facts(required):
    """Return what a worker like this process has."""
    return eval(FACTS, required.names)


def test_a_worker_like_this_process_is_taken(required, facts):
    assert facts["pid"] == os.getpid()
    assert facts["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert facts["versions"]["distributed"] == version("distributed")
    assert list(required.refusals(facts)) == []
    assert list(required.doubts(facts)) == []


def test_what_is_missing_is_named(required):
    there = eval(FACTS, {**required.names, "modules": ("json", "nowhere_to_be_found")})
    assert list(required.refusals(there)) == ["nowhere_to_be_found cannot be imported there"]


@pytest.mark.parametrize("name", ["hpmkd", "distributed", "cloudpickle"])
def test_another_version_of_what_speaks_is_refused(required, facts, name):
    facts["versions"][name] = "0.0.1"
    assert list(required.refusals(facts)) == [f"it has {name} 0.0.1, here it is {version(name)}"]
    assert list(required.doubts(facts)) == []


def test_another_python_is_refused(required, facts):
    facts["python"] = "3.9"
    (reason,) = required.refusals(facts)
    assert reason.startswith("it has Python 3.9, here it is 3.")


def test_another_version_of_what_computes_is_a_doubt(required, facts):
    facts["versions"]["numpy"] = "1.0"
    assert list(required.refusals(facts)) == []
    assert list(required.doubts(facts)) == [f"it has numpy 1.0, here it is {version('numpy')}"]


def test_another_xgboost_cpu_is_a_doubt_and_xgboost_in_its_place_is_none(facts):
    required = Requirements("%d.%d" % sys.version_info[:2], {"xgboost-cpu": "3.2.0"})  # noqa: UP031
    facts["versions"] = {}
    assert list(required.doubts(facts)) == []
    facts["versions"]["xgboost-cpu"] = "3.1.0"
    assert list(required.doubts(facts)) == ["it has xgboost-cpu 3.1.0, here it is 3.2.0"]


def test_a_plugin_may_be_missing_until_a_task_needs_it(facts):
    required = Requirements("%d.%d" % sys.version_info[:2], {"hpmkd-tracker": "1.0"})  # noqa: UP031
    assert list(required.refusals(facts)) == []
    facts["versions"]["hpmkd-tracker"] = "2.0"
    assert list(required.refusals(facts)) == ["it has hpmkd-tracker 2.0, here it is 1.0"]
    assert required.differing(facts) == ["hpmkd-tracker"]


def test_what_to_install_is_what_is_needed():
    """Not what only looks on, such as a tracker."""
    required = Requirements(
        "3.11", {"hpmkd": "1", "hpmkd-tracker": "2", "hpmkd-dask": "3", "numpy": "4"}
    )
    assert required.install() == "pip install hpmkd==1 hpmkd-dask==3"
    assert (
        required.install("hpmkd-tracker") == "pip install hpmkd==1 hpmkd-dask==3 hpmkd-tracker==2"
    )


@pytest.mark.parametrize(
    ("module", "name"), [("sklearn.tree", "scikit-learn"), ("distributed", "distributed")]
)
def test_a_missing_package_is_to_be_installed(module, name):
    expected = f"where the workers run, type: pip install {name}=={version(name)}"
    assert remedy(module) == expected


def test_a_missing_file_is_to_be_copied():
    message = remedy("test_nowhere_as_it_is")
    assert "'test_nowhere_as_it_is' is not an installable package" in message
    assert "copy its file there, into a folder of the PYTHONPATH" in message
    assert "pip" not in message
