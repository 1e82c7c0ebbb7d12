"""Experiments of a second or so: a tree or a logistic regression, a draw, a naive Bayes teacher."""

from __future__ import annotations

import warnings

import pytest
from sklearn.naive_bayes import GaussianNB

from hpmkd.deepbridge import DBDataset, DistillationConfig, ExperimentRunner


@pytest.fixture(scope="session")
def tables(wine, cancer):
    """Rows and labels by name: of three classes, and of two."""
    return {"wine": wine, "cancer": (cancer[0][:150, :4], cancer[1][:150])}


@pytest.fixture(scope="session")
def experiment(tables):
    """Return a function that makes a small experiment in a folder."""

    def make(folder, names=("wine",), teachers=None, grid=None, **options):
        config = DistillationConfig(output_dir=folder, n_trials=1, verbose=False)
        config.customize(["DECISION_TREE"], [1.0], [0.5], **(grid or {}))
        config.use_multi_teacher = False
        for name in {*options} - {"methods", "seeds"}:
            setattr(config, name, options.pop(name))
        given = teachers or {}
        datasets = {
            name: DBDataset(*tables[name], model=given.get(name, GaussianNB())) for name in names
        }
        return ExperimentRunner(datasets, config, **options)

    return make


def run(runner, **arguments):
    """Run without warnings of few rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)
        return runner.run_experiments(**arguments)


@pytest.fixture(scope="session")
def quietly():
    """Return the function that runs an experiment without warnings."""
    return run


@pytest.fixture(scope="session")
def done(experiment, tmp_path_factory):
    """Two data sets, two methods: a runner that ran them all."""
    runner = experiment(
        tmp_path_factory.mktemp("done"),
        ("wine", "cancer"),
        methods=("standard", "hpm"),
        seeds=0,
    )
    run(runner)
    return runner
