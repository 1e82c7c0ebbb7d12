"""What passes between a stage and its scheduler, and what becomes of it."""

import numpy as np
import pytest

import hpmkd
from hpmkd.search.warm_start import outcomes
from hpmkd.training.fit import ActiveStage
from hpmkd.training.recording_scheduler import RecordingScheduler
from hpmkd.values import Configuration, DataFacts, Offer, Softening, TrainingState, Trial
from hpmkd_defaults.stages.boosting import GBMStage

CONFIGURATION = Configuration("gbm", 1.0, 0.8, {"rounds": 4})


class Falling:
    varies = True

    def softening(self, configuration, state):
        return Softening(4.0 ** (1 - state.progress), configuration.alpha * (1 - state.progress))

    def observe(self, trial):
        self.observed = trial


def test_it_hands_on_and_keeps():
    scheduler = Falling()
    recorder = RecordingScheduler(scheduler)
    assert recorder.varies is True
    assert (recorder.state, recorder.mean) == (None, None)
    # Some rounds are asked about twice; they count once.
    for progress in (0.0, 0.0, 0.0, 0.5):
        state = TrainingState(progress, 1.0)
        assert recorder.softening(CONFIGURATION, state) == scheduler.softening(CONFIGURATION, state)
    assert recorder.state == TrainingState(0.5, 1.0)
    assert recorder.mean.alpha == pytest.approx(0.6)
    assert recorder.mean.temperature == pytest.approx(8**0.5)
    recorder.observe("a trial")
    assert scheduler.observed == "a trial"


def test_what_never_moves_is_kept_bit_for_bit():
    class Still(Falling):
        def softening(self, configuration, state):
            return Softening(0.1, 0.3)

    recorder = RecordingScheduler(Still())
    for at in range(7):
        recorder.softening(CONFIGURATION, TrainingState(at / 7))
    assert recorder.mean == Softening(0.1, 0.3)


def test_where_no_teacher_is_heard_there_is_no_temperature():
    class Silent(Falling):
        def softening(self, configuration, state):
            return Softening(4.0, 0.0 if state.progress < 0.5 else configuration.alpha)

    recorder = RecordingScheduler(Silent())
    recorder.softening(CONFIGURATION, TrainingState(0.0))
    assert recorder.mean == Softening(1.0, 0.0)
    recorder.softening(CONFIGURATION, TrainingState(0.5))
    assert recorder.mean == Softening(4.0, pytest.approx(0.4))


def test_the_rounds_of_all_fits_count():
    recorder = RecordingScheduler(Falling())
    for progress in (0.0, 0.5):
        recorder.begin_fit()
        recorder.softening(CONFIGURATION, TrainingState(progress))
    assert recorder.state == TrainingState(0.5)
    recorder.begin_fit()
    assert recorder.state is None
    recorder.softening(CONFIGURATION, TrainingState(0.0))
    assert recorder.mean.alpha == pytest.approx((0.8 + 0.4 + 0.8) / 3)


def test_an_outcome_is_of_what_was_taught_not_of_what_was_configured():
    losses = np.full(3, 0.4)
    moved = Trial(0, CONFIGURATION, losses, 0.5, 1, 0.1, softening=Softening(2.0, 0.3))
    without = Trial(1, CONFIGURATION, losses, 0.5, 1, 0.1)
    stages = {"gbm": ActiveStage("gbm", "plugin", GBMStage())}
    first, second = (
        outcome.configuration for outcome in outcomes(DataFacts(9, 2, 2), [moved, without], stages)
    )
    assert (first.temperature, first.alpha) == (2.0, 0.3)
    assert first.hyperparameters == CONFIGURATION.hyperparameters
    assert second == CONFIGURATION


SETTINGS = {
    "split.folds": 2,
    "augmenter": "none",
    "sampler": {"name": "random", "trials": 4},
    "chain": [],
}


def test_trials_of_a_run_keep_what_their_schedulers_were_told(wine):
    class Plugin:
        @hpmkd.hookimpl
        def hpmkd_schedulers(self):
            return [Offer("falling", Falling, "for this test")]

    options = {"teacher": "quick", "observers": [Plugin()]}
    settings = {**SETTINGS, "stages": ["tree", "xgboost"], "scheduler": "falling"}
    found = hpmkd.distill(*wine, settings=settings, **options)
    boosted = [each for each in found.trials if each.configuration.stage == "xgboost"]
    trees = [each for each in found.trials if each.configuration.stage == "tree"]
    assert boosted
    assert trees
    for trial in boosted:
        assert trial.state.progress > 0.9
        assert min(trial.state.kl, trial.state.loss) > 0
        assert np.isfinite([trial.state.gap, trial.state.trend]).all()
        assert trial.softening.alpha <= trial.configuration.alpha * 0.6
    for trial in trees:
        assert trial.state == TrainingState(0.0)
        alpha = trial.configuration.alpha
        assert trial.softening == Softening(4.0 if alpha > 0 else 1.0, alpha)
