"""Small runs that several test files look at."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB

from hpmkd import AutoDistiller, DBDataset


@pytest.fixture(scope="session")
def made(wine, cancer):
    """Return a function that makes an AutoDistiller whose runs take a second."""
    data = {"wine": wine, "cancer": cancer}

    def make(name="cancer", grid=True, **options):
        dataset = DBDataset(*data[name], model=GaussianNB())
        distiller = AutoDistiller(dataset, **{"output_dir": None, "n_trials": 1, **options})
        if grid:
            distiller.customize_config(
                ["LOGISTIC_REGRESSION", "DECISION_TREE"], [1.0, 2.0], [0.3, 0.7]
            )
        return distiller

    return make


def run(distiller, **arguments):
    """Run with a hasty reference panel, and without warnings of few rows."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # What a reference panel costs is of interest here, and not how good it is.
        patch.setattr("hpmkd_defaults.teachers.network.EPOCHS_SMALL", 20)
        return distiller.run(**arguments)


@pytest.fixture(scope="session")
def runs():
    """Return the function that runs a distiller quickly."""
    return run


@pytest.fixture(scope="session")
def standard(made):
    """Return a distiller that ran the standard method on two classes, and its results."""
    distiller = made(method="standard")
    return distiller, run(distiller)


@pytest.fixture(scope="session")
def hpm(made):
    """Return a distiller that ran the method hpm on three classes, and its results."""
    distiller = made("wine", method="hpm", grid=False)
    distiller.customize_config(["LOGISTIC_REGRESSION", "XGB"])
    return distiller, run(distiller)


@pytest.fixture(scope="session")
def pooled():
    """Return a function: a method's distiller, and its results, one of which is an ensemble."""

    @cache
    def of(method):
        dataset = DBDataset(*load_iris(return_X_y=True), model=GaussianNB())
        distiller = AutoDistiller(
            dataset, output_dir=None, method=method, n_trials=1, max_configs=2
        )
        distiller.customize_config(["LOGISTIC_REGRESSION", "GBM"], [1.0], [0.5])
        return distiller, run(distiller)

    return of


@pytest.fixture(scope="session")
def few(cancer):
    """120 rows and three columns: given teachers are compared with a panel that is trained."""
    return cancer[0][:120, :3], cancer[1][:120]


@pytest.fixture(scope="session")
def people():
    """60 rows: two features, one of them a text, the label, two columns of probabilities."""
    rng = np.random.default_rng(3)
    age = rng.normal(size=60)
    p = 1 / (1 + np.exp(-2 * age))
    return pd.DataFrame(
        {
            "age": age,
            "city": rng.choice(["Oslo", "Lima"], 60),
            "bought": (rng.random(60) < p).astype(int),
            "p0": 1 - p,
            "p1": p,
        }
    )
