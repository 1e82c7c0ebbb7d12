"""The schedulers: what they answer, and that stages with rounds obey."""

import numpy as np
import pytest
from sklearn.datasets import load_wine

from hpmkd.student import Schema, fit_encoder
from hpmkd.testing import SchedulerSuite
from hpmkd.values import Configuration, Softening, StageInputs, TrainingState
from hpmkd_defaults.schedulers.anneal import AnnealScheduler
from hpmkd_defaults.schedulers.constant import ConstantScheduler
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage


class TestConstantSchedulerConforms(SchedulerSuite):
    @pytest.fixture
    def scheduler(self):
        return ConstantScheduler()


class TestAnnealSchedulerConforms(SchedulerSuite):
    @pytest.fixture(params=[0.5, 2.0])
    def scheduler(self, request):
        return AnnealScheduler(temperature=request.param)


def test_answers_with_the_configuration():
    scheduler = ConstantScheduler()
    configuration = Configuration("tree", temperature=2.5, alpha=0.75)
    for state in (TrainingState(0.0), TrainingState(0.9, loss=3.0)):
        assert scheduler.softening(configuration, state) == Softening(2.5, 0.75)
    assert not scheduler.varies


def test_annealing_goes_from_the_teacher_to_the_labels():
    scheduler = AnnealScheduler(temperature=3.0)
    configuration = Configuration("gbm", temperature=1.0, alpha=0.8)
    said = [scheduler.softening(configuration, TrainingState(k / 4)) for k in range(4)]
    assert [each.temperature for each in said] == [3.0] * 4
    assert [each.alpha for each in said] == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert scheduler.varies


def test_annealing_leaves_the_control_alone():
    configuration = Configuration("gbm", temperature=1.0, alpha=0.0)
    for progress in (0.0, 0.3, 0.99):
        said = AnnealScheduler().softening(configuration, TrainingState(progress))
        assert said.alpha == 0


@pytest.fixture(scope="module")
def problem():
    """Three classes, and a teacher who calls every label by the next one's name."""
    X, y = load_wine(return_X_y=True)
    wrong = np.eye(3)[(y + 1) % 3] * 0.7 + 0.1
    return X, y, wrong


def fitted(stage, problem, scheduler, alpha, **settings):
    X, y, teacher = problem
    encoder = fit_encoder(stage.encoding, Schema.fit(X), X)
    configuration = Configuration("stage", 1.0, alpha, settings)
    return stage.fit(
        StageInputs(
            matrix=encoder.transform(X),
            encoder=encoder,
            labels=y,
            soft_targets=teacher,
            classes=np.arange(3),
            configuration=configuration,
            scheduler=scheduler,
            seed=0,
        )
    )


@pytest.mark.parametrize(
    "stage", [GBMStage(), XGBoostStage()], ids=lambda each: type(each).__name__
)
def test_boosting_ends_with_the_labels(stage, problem):
    X, y, _ = problem
    annealed = fitted(stage, problem, AnnealScheduler(1.0), alpha=1.0, n_rounds=40)
    taught = fitted(stage, problem, ConstantScheduler(), alpha=1.0, n_rounds=40)
    right = [(each.predict_proba(X).argmax(axis=1) == y).mean() for each in (annealed, taught)]
    # The teacher is always wrong: whoever listened to the end is as well.
    assert right[0] > 0.9
    assert right[1] < 0.1


@pytest.mark.parametrize(
    "stage", [GBMStage(), XGBoostStage()], ids=lambda each: type(each).__name__
)
def test_boosting_begins_with_the_teacher(stage, problem):
    X, y, _ = problem
    one = {"n_rounds": 1, "eta": 0.5}
    annealed = fitted(stage, problem, AnnealScheduler(2.0), alpha=1.0, **one)
    assert (annealed.predict_proba(X).argmax(axis=1) == (y + 1) % 3).mean() > 0.9


@pytest.mark.parametrize("refit_every", [40, 5])
def test_refits_follow_the_schedule(problem, refit_every):
    X, y, _ = problem
    settings = {"n_rounds": 40, "refit_every": refit_every}
    annealed = fitted(GBMStage(), problem, AnnealScheduler(1.0), alpha=1.0, **settings)
    assert (annealed.predict_proba(X).argmax(axis=1) == y).mean() > 0.9


def test_some_stages_alone_are_annealed():
    scheduler = AnnealScheduler(2.0, stages=("gbm",))
    half = TrainingState(0.5, loss=1.0)
    assert scheduler.softening(Configuration("gbm", 1.0, 0.6), half) == Softening(2.0, 0.3)
    assert scheduler.softening(Configuration("tree", 1.0, 0.6), half) == Softening(1.0, 0.6)


def test_a_stage_without_rounds_keeps_the_alpha_it_began_with(problem):
    stage = LogisticStage()
    annealed = fitted(stage, problem, AnnealScheduler(1.0), alpha=0.5)
    constant = fitted(stage, problem, ConstantScheduler(), alpha=0.5)
    assert annealed.to_bytes() == constant.to_bytes()
