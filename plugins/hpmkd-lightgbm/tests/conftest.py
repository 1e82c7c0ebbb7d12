"""Rows of the problems that hpmkd's suites fit on, as a stage gets them."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.student import Schema, fit_encoder
from hpmkd.testing.datasets import real_problem
from hpmkd.testing.stage_inputs import AsConfigured
from hpmkd.values import Configuration, StageInputs


@pytest.fixture
def inputs_of():
    """``inputs_of("wine", alpha=…, …)``: what a stage gets, of mixed rows with holes."""

    def make(name, *, alpha=0.5, temperature=1.0, scheduler=None, extra=None, **settings):
        problem = real_problem(name, mixed=True)
        encoder = fit_encoder("tree", Schema.fit(problem.table), problem.table)
        return StageInputs(
            matrix=encoder.transform(problem.table),
            encoder=encoder,
            labels=problem.labels,
            soft_targets=problem.soft_targets,
            classes=problem.classes,
            configuration=Configuration(
                "lightgbm", temperature, alpha, {"n_rounds": 20, "num_leaves": 4, **settings}
            ),
            scheduler=scheduler or AsConfigured(),
            seed=0,
            extra=extra,
        )

    return make


@pytest.fixture(params=["breast_cancer", "wine"])
def name(request):
    """Two classes, then three."""
    return request.param


@pytest.fixture
def loss():
    """Mean cross entropy of probabilities on targets, in nats."""

    def mean_loss(target, probabilities):
        return -(target * np.log(np.maximum(probabilities, 1e-12))).sum(axis=1).mean()

    return mean_loss
