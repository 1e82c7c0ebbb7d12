"""scikit-learn's own checks. None is expected to fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest import SkipTest

import pytest
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from hpmkd import DistilledClassifier

#: Checks that scikit-learn itself skips, and why.
SKIPPED = {
    "check_array_api_input": "runs only with SCIPY_ARRAY_API=1 set before SciPy is imported",
}


# The checks fit on a handful of rows, some of one class.
@pytest.mark.filterwarnings("ignore::hpmkd.DataWarning")
@parametrize_with_checks(
    [
        DistilledClassifier(
            DecisionTreeClassifier(max_depth=4, random_state=0),
            recipe=str(Path(__file__).with_name("quick.toml")),
        )
    ]
)
def test_scikit_learn_is_satisfied(estimator, check):
    try:
        check(estimator)
    except SkipTest:
        pytest.skip(SKIPPED[check.func.__name__])


def test_the_skipped_check_passes_where_it_can_run():
    command = [sys.executable, "-m", "pytest", __file__, "-q", "-k", "check_array_api_input"]
    done = subprocess.run(
        command, env={**os.environ, "SCIPY_ARRAY_API": "1"}, capture_output=True, text=True
    )
    assert "1 passed" in done.stdout, done.stdout


def test_the_docs_list_what_is_skipped():
    page = Path(__file__).parents[2].joinpath("docs", "scikit-learn.md").read_text("utf-8")
    for name, reason in SKIPPED.items():
        assert f"`{name}`: {reason}" in page
