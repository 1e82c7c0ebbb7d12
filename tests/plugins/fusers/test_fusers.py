"""The mean and the calibrated fuser."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpmkd.testing import FuserSuite
from hpmkd_defaults.fusers.attention import AttentionWeightedMultiTeacher
from hpmkd_defaults.fusers.batched import mixed
from hpmkd_defaults.fusers.calibrated import CalibratedFuser
from hpmkd_defaults.fusers.calibration import HIGHEST, LOWEST, calibrating_temperature
from hpmkd_defaults.fusers.mean import MeanFuser
from hpmkd_defaults.fusers.pooling import expectation_maximisation, normalised
from hpmkd_defaults.fusers.two_pools import PoolFuser


class TestMeanFuserConforms(FuserSuite):
    @pytest.fixture
    def fuser(self):
        return MeanFuser()


class TestPoolFuserConforms(FuserSuite):
    @pytest.fixture
    def fuser(self):
        return PoolFuser()


@pytest.mark.parametrize("gated", [True, False])
class TestAttentionConforms(FuserSuite):
    # A row that stands there thrice is its own neighbour: other features, perhaps another gate.
    weight_tolerance = 0.03

    @pytest.fixture
    def fuser(self, gated):
        return AttentionWeightedMultiTeacher(gated=gated)


@pytest.mark.parametrize("gated", [True, False])
class TestAttentionToAStudentConforms(FuserSuite):
    weight_tolerance = 0.03

    @pytest.fixture
    def fuser(self, gated):
        return AttentionWeightedMultiTeacher(gated=gated, student_state=True)


class TestCalibratedFuserConforms(FuserSuite):
    @pytest.fixture
    def fuser(self):
        return CalibratedFuser()


def honest_rows(rng, n, n_classes, sharpness=2.0):
    """Probabilities, and labels drawn from them: nothing is better calibrated."""
    odds = np.exp(sharpness * rng.normal(size=(n, n_classes)))
    said = odds / odds.sum(axis=1, keepdims=True)
    labels = (said.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return said, labels


def distorted(said, temperature):
    """The predictions of a teacher whose calibrating temperature is `temperature`."""
    odds = said**temperature
    return odds / odds.sum(axis=1, keepdims=True)


def mean_loss(said, labels):
    return -np.log(np.maximum(said[np.arange(len(labels)), labels], 1e-15)).mean()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class TestMean:
    def test_is_the_mean(self, rng):
        said = np.stack([honest_rows(rng, 20, 3)[0] for _ in range(4)])
        fused = MeanFuser().fit(said, np.zeros(20, dtype=int), None).fuse(said, None)
        np.testing.assert_allclose(fused.probabilities, said.mean(axis=0), rtol=1e-12)
        assert (fused.weights == 0.25).all()

    def test_other_teachers_are_refused(self, rng):
        said = np.stack([honest_rows(rng, 20, 3)[0] for _ in range(4)])
        fitted = MeanFuser().fit(said, np.zeros(20, dtype=int), None)
        with pytest.raises(ValueError, match="got 3 teachers; fitted on 4"):
            fitted.fuse(said[:3], None)


class TestTemperature:
    @pytest.mark.parametrize("n_classes", [2, 5, 50])
    @pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
    def test_recovers_a_known_one(self, rng, n_classes, temperature):
        said, labels = honest_rows(rng, 4000, n_classes)
        found = calibrating_temperature(distorted(said, temperature), labels)
        assert found == pytest.approx(temperature, rel=0.1)

    @given(n=st.integers(1, 12), n_classes=st.integers(2, 4), seed=st.integers(0, 999))
    @settings(max_examples=50, deadline=None)
    def test_stays_in_bounds_with_hardly_any_rows(self, n, n_classes, seed):
        rng = np.random.default_rng(seed)
        said = np.eye(n_classes)[rng.integers(0, n_classes, n)]
        found = calibrating_temperature(said, rng.integers(0, n_classes, n))
        assert LOWEST <= found <= HIGHEST

    def test_few_right_rows_do_not_ask_for_certainty(self):
        """All ten right, as any decent teacher may be: the likelihood alone would say .05."""
        labels = np.arange(10) % 2
        said = np.where(np.eye(2)[labels] == 1, 0.8, 0.2)
        assert calibrating_temperature(said, labels) > 0.3

    def test_never_worse_than_none_on_its_rows(self, rng):
        said, labels = honest_rows(rng, 300, 3)
        said = distorted(said, 2.0)
        found = calibrating_temperature(said, labels)
        assert mean_loss(distorted(said, 1 / found), labels) < mean_loss(said, labels)


EVIDENCE = st.tuples(st.integers(1, 30), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(1e-15, 1.0))
)


class TestExpectationMaximisation:
    @given(said=EVIDENCE)
    @settings(max_examples=100, deadline=None)
    def test_every_step_raises_the_likelihood(self, said):
        likelihoods = [
            np.log(said @ expectation_maximisation(said, max_steps=steps)).mean()
            for steps in range(8)
        ]
        assert (np.diff(likelihoods) >= -1e-9).all()

    @given(said=EVIDENCE)
    @settings(max_examples=100, deadline=None)
    def test_weights_are_shares(self, said):
        weights = expectation_maximisation(said)
        assert (weights >= 0).all()
        assert weights.sum() == pytest.approx(1.0)

    def test_finds_the_mixture(self, rng):
        """Each label comes from one of two teachers, from the first in 70 % of the rows."""
        one, two = honest_rows(rng, 20_000, 3)[0], honest_rows(rng, 20_000, 3)[0]
        source = np.where(rng.random((20_000, 1)) < 0.7, one, two)
        labels = (source.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
        rows = np.arange(20_000)
        weights = expectation_maximisation(np.column_stack([one[rows, labels], two[rows, labels]]))
        assert weights[0] == pytest.approx(0.7, abs=0.03)


class TestCalibratedFuser:
    @pytest.fixture
    def three(self, rng):
        """A good teacher, a worse one, and one whose rows are shuffled."""
        said, labels = honest_rows(rng, 1000, 4)
        noise = honest_rows(rng, 1000, 4, sharpness=1.0)[0]
        worse = normalised(said * noise)
        return np.stack([said, worse, said[rng.permutation(1000)]]), labels

    def test_a_broken_teacher_counts_for_nothing(self, three):
        said, labels = three
        fitted = CalibratedFuser().fit(said, labels, None)
        assert fitted.weights[2] < 0.02
        assert fitted.weights[0] > 0.8
        # It is also told to say less: nothing it says is true.
        assert fitted.temperatures[2] > 5

    def test_beats_the_mean(self, three):
        said, labels = three
        train, test = slice(0, 500), slice(500, None)
        losses = [
            mean_loss(
                fuser.fit(said[:, train], labels[train], None)
                .fuse(said[:, test], None)
                .probabilities,
                labels[test],
            )
            for fuser in (CalibratedFuser(), MeanFuser())
        ]
        assert losses[0] < losses[1] - 0.1

    def test_undoes_overconfidence(self, rng):
        said, labels = honest_rows(rng, 4000, 3)
        loud = distorted(said, 3.0)[np.newaxis]
        fused = CalibratedFuser().fit(loud, labels, None).fuse(loud, None)
        assert np.abs(fused.probabilities - said).mean() < 0.02

    def test_summary_tells_what_was_fitted(self, three):
        said, labels = three
        summary = CalibratedFuser().fit(said, labels, None).summary()
        assert set(summary) == {"temperatures", "weights", "final_temperature"}
        assert len(summary["temperatures"]) == len(summary["weights"]) == 3

    @pytest.mark.parametrize("n", [1, 2, 10])
    @pytest.mark.parametrize("n_classes", [2, 50])
    def test_works_with_hardly_any_rows(self, rng, n, n_classes):
        said = np.stack([honest_rows(rng, n, n_classes)[0], np.eye(n_classes)[np.zeros(n, int)]])
        labels = rng.integers(0, n_classes, n)
        fused = CalibratedFuser().fit(said, labels, None).fuse(said, None)
        assert np.isfinite(fused.probabilities).all()
        np.testing.assert_allclose(fused.probabilities.sum(axis=1), 1.0)

    def test_other_teachers_are_refused(self, three):
        said, labels = three
        fitted = CalibratedFuser().fit(said, labels, None)
        with pytest.raises(ValueError, match="got 2 teachers; fitted on 3"):
            fitted.fuse(said[:2], None)

    def test_single_precision_is_read_like_double(self, three):
        said, labels = three
        double = CalibratedFuser().fit(said, labels, None)
        single = CalibratedFuser().fit(said.astype(np.float32), labels, None)
        np.testing.assert_allclose(single.weights, double.weights, atol=1e-3)
        fused = single.fuse(said.astype(np.float32), None).probabilities
        assert fused.dtype == np.float64


class TestRowCap:
    def test_a_cut_hardly_changes_the_fit(self, rng, monkeypatch):
        said, labels = honest_rows(rng, 8000, 3)
        said = np.stack([distorted(said, 2.0), honest_rows(rng, 8000, 3)[0]])
        whole = CalibratedFuser().fit(said, labels, None)
        monkeypatch.setattr("hpmkd_defaults.fusers.calibrated_members.MAX_ROWS", 4000)
        cut = CalibratedFuser().fit(said, labels, None)
        assert cut != whole
        np.testing.assert_allclose(cut.weights, whole.weights, atol=0.03)
        np.testing.assert_allclose(cut.temperatures[0], whole.temperatures[0], rtol=0.1)


class TestPooling:
    def test_pool_is_the_weighted_mean(self, rng):
        said = rng.random((3, 5, 2))
        expected = np.average(said, axis=0, weights=[0.5, 0.3, 0.2])
        np.testing.assert_allclose(mixed(said, [0.5, 0.3, 0.2]), expected)

    def test_a_row_of_zeros_becomes_uniform(self):
        np.testing.assert_allclose(normalised(np.zeros((1, 4))), 0.25)
