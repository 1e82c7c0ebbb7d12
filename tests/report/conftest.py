"""Reports and the browser that opens them, each made once."""

from __future__ import annotations

import pytest
from sklearn.naive_bayes import BernoulliNB, GaussianNB

import hpmkd
from hpmkd.report import write_report
from tests.report.browser import tab as tab
from tests.report.made import RUNS

SETTINGS = {
    "stages": ["logistic", "tree"],
    "sampler.trials": 1,
    "split.folds": 2,
    "ensemble.top": 2,
}


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Return a function from the name of a run to the run and the path of its report."""
    folder, known = tmp_path_factory.mktemp("reports"), {}

    def of(name):
        if name not in known:
            run = RUNS[name]()
            path = folder / f"{len(known)}.html"
            known[name] = run, write_report(run, path, folder="runs/it")
        return known[name]

    return of


@pytest.fixture(scope="session")
def folder(tmp_path_factory, wine):
    """Return the run folder of two teachers and two students, really distilled."""
    found = hpmkd.distill(*wine, teacher=[GaussianNB(), BernoulliNB()], settings=SETTINGS)
    return found.save(tmp_path_factory.mktemp("run") / "wine")
