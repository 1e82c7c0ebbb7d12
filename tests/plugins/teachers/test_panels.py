"""The panels of teachers and their own models."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from hpmkd.kernels import soften
from hpmkd.testing import TeacherPanelSuite
from hpmkd.values import DataFacts
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.teachers.boosted import BoostedTeacher
from hpmkd_defaults.teachers.forests import CappedExtraTrees, CappedForest
from hpmkd_defaults.teachers.linear import LinearTeacher
from hpmkd_defaults.teachers.network import NetworkTeacher, Patience
from hpmkd_defaults.teachers.panel import FullPanel, QuickPanel, ReferencePanel
from hpmkd_defaults.teachers.rows import held_out_rows


class TestFullPanelConforms(TeacherPanelSuite):
    @pytest.fixture
    def panel(self):
        return FullPanel()


class TestReferencePanelConforms(TeacherPanelSuite):
    @pytest.fixture
    def panel(self):
        return ReferencePanel()


class TestQuickPanelConforms(TeacherPanelSuite):
    @pytest.fixture
    def panel(self):
        return QuickPanel()


def model_of(name, facts):
    return FullPanel().members(facts, 0)[name][-1]


class TestMembers:
    def test_what_depends_on_the_classes(self):
        binary, many = DataFacts(1000, 5, 2), DataFacts(1000, 5, 10)
        of_two, of_many = (set(FullPanel().members(each, 0)) for each in (binary, many))
        assert of_two - of_many == {"xgb3"}
        assert of_many - of_two == {"wide_mlp"}
        leaves = {
            n_classes: tuple(
                model_of(name, DataFacts(1000, 5, n_classes)).min_samples_leaf
                for name in ("random_forest", "extra_trees")
            )
            for n_classes in (2, 5, 10)
        }
        assert leaves == {2: (8, 4), 5: (8, 1), 10: (1, 4)}

    def test_what_depends_on_the_rows(self):
        few, many = DataFacts(1000, 5, 10), DataFacts(200_000, 5, 10)
        assert "knn" in FullPanel().members(few, 0)
        assert "knn" not in FullPanel().members(many, 0)
        assert model_of("random_forest", many).min_samples_leaf == 3
        assert model_of("xgb6", few).max_bin < model_of("xgb6", many).max_bin
        assert model_of("mlp", few).weight_decay > model_of("mlp", many).weight_decay

    def test_of_very_many_rows_there_is_one_of_each_kind(self):
        many = DataFacts(200_001, 5, 10)
        members = FullPanel().members(many, 0)
        assert set(members) == {"xgb6", "random_forest", "mlp", "logistic"}
        assert members["random_forest"][-1].n_estimators == 20
        names = set(FullPanel().members(DataFacts(200_000, 5, 10), 0))
        assert {*members, "extra_trees", "wide_mlp"} == names
        assert set(FullPanel(few_above=0).members(many, 0)) == names

    @pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
    def test_trees_see_no_more_rows_than_they_may(self, name, cancer):
        matrix, labels = cancer
        few = FullPanel(rows_per_tree=100).members(DataFacts(569, 30, 2), 0)[name][-1]
        assert few.fit(matrix, labels).estimators_[0].tree_.n_node_samples[0] <= 100
        assert few.estimators_[0].tree_.weighted_n_node_samples[0] == 100
        whole = model_of(name, DataFacts(569, 30, 2)).fit(matrix, labels)
        assert whole.estimators_[0].tree_.weighted_n_node_samples[0] == 569
        kind = {"random_forest": RandomForestClassifier, "extra_trees": ExtraTreesClassifier}
        alike = ("min_samples_leaf", "random_state")
        rival = kind[name](50, **{each: getattr(whole, each) for each in alike})
        predicted = rival.fit(matrix, labels).predict_proba(matrix)
        assert np.array_equal(whole.predict_proba(matrix), predicted)

    def test_the_reference_has_three_members_at_most(self):
        for n_rows in (100, 1_000_000):
            assert len(ReferencePanel().members(DataFacts(n_rows, 5, 3), 0)) <= 3

    def test_seeds_differ_by_member_and_by_seed(self):
        facts = DataFacts(1000, 5, 3)
        seeds = [
            member[-1].random_state
            for seed in (0, 1, 2**40)
            for member in FullPanel().members(facts, seed).values()
            if hasattr(member[-1], "random_state")
        ]
        assert len(set(seeds)) == len(seeds)

    @pytest.mark.parametrize("panel", [FullPanel(), ReferencePanel()], ids=["panel", "reference"])
    def test_rare_classes_are_fitted(self, panel):
        """One class has one row, another two: no inner split may fail on them."""
        matrix, labels = load_wine(return_X_y=True)
        labels = labels + 2
        labels[:1], labels[1:3] = 0, 1
        members = panel.members(DataFacts(len(labels), matrix.shape[1], 5), 0)
        for name, member in members.items():
            predicted = member.fit(matrix, labels).predict_proba(matrix)
            assert predicted.shape == (len(labels), 5), name
            np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-5)

    def test_few_rows_are_fitted(self):
        """A fold of a fold of 30 rows, which is what the panel was told of."""
        matrix, _ = load_breast_cancer(return_X_y=True)
        for name, member in FullPanel().members(DataFacts(30, 30, 2), 0).items():
            predicted = member.fit(matrix[:13], np.arange(13) % 2).predict_proba(matrix[13:20])
            assert predicted.shape == (7, 2), name

    def test_all_know_their_job(self):
        """On three hundred digits no member is much worse than the best."""
        matrix, labels = load_digits(return_X_y=True)
        facts = DataFacts(300, 64, 10)
        for name, member in FullPanel().members(facts, 0).items():
            accuracy = member.fit(matrix[:300], labels[:300]).score(
                matrix[300:600], labels[300:600]
            )
            assert accuracy > 0.75, name


@pytest.fixture(scope="module")
def cancer():
    matrix, labels = load_breast_cancer(return_X_y=True)
    return scale(matrix), labels


@pytest.fixture(scope="module")
def wine():
    matrix, labels = load_wine(return_X_y=True)
    return scale(matrix), labels


class TestBoosted:
    def test_stops_early(self, cancer):
        matrix, labels = cancer
        model = BoostedTeacher(max_rounds=1000).fit(matrix, labels)
        assert 5 < model.n_rounds_ < 500
        assert model.booster_.num_boosted_rounds() == model.n_rounds_

    def test_few_rows_have_fixed_rounds(self, cancer):
        matrix, labels = cancer
        assert BoostedTeacher(few_rounds=7).fit(matrix[:100], labels[:100]).n_rounds_ == 7

    def test_labels_may_be_anything(self, wine):
        matrix, labels = wine
        words = np.array(["red", "white", "rosé"])[labels]
        model = BoostedTeacher(max_rounds=20).fit(matrix, words)
        assert set(model.predict(matrix)) == {"red", "white", "rosé"}
        assert model.score(matrix, words) > 0.95

    def test_missing_cells_are_read(self, wine):
        matrix, labels = wine
        holes = np.where(np.random.default_rng(0).random(matrix.shape) < 0.3, np.nan, matrix)
        assert BoostedTeacher(max_rounds=20).fit(holes, labels).score(holes, labels) > 0.9

    def test_a_pickled_copy_says_the_same(self, wine):
        matrix, labels = wine
        model = BoostedTeacher(max_rounds=10).fit(matrix, labels)
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(copy.predict_proba(matrix), model.predict_proba(matrix))


class TestLinear:
    @pytest.mark.parametrize("data", ["cancer", "wine"])
    def test_agrees_with_scikit_learn(self, data, request):
        matrix, labels = request.getfixturevalue(data)
        # Two columns of weights share what one has: half the ridge for two classes.
        C = 0.5 if data == "cancer" else 1.0
        ours = LinearTeacher(C=C, max_steps=2000).fit(matrix, labels).predict_proba(matrix)
        model = LogisticRegression(C=1.0, max_iter=2000, tol=1e-6).fit(matrix, labels)
        np.testing.assert_allclose(ours, model.predict_proba(matrix), atol=5e-3)

    def test_many_rows_are_thinned_out(self, cancer):
        matrix, labels = cancer
        whole = LinearTeacher().fit(matrix, labels)
        part = LinearTeacher(max_rows=300).fit(matrix, labels)
        assert not np.array_equal(part.coef_, whole.coef_)
        assert part.score(matrix, labels) > 0.95

    def test_running_out_of_steps_is_no_drama(self, cancer):
        """Warnings are errors here, and scikit-learn would warn."""
        assert LinearTeacher(max_steps=2).fit(*cancer).score(*cancer) > 0.9


class TestNetwork:
    def test_few_rows_are_seen_thirty_times(self, cancer):
        model = NetworkTeacher(width=(8,), patience=1000).fit(*cancer)
        assert len(model.loss_curve_) == 30
        assert model.score(*cancer) > 0.95

    def test_it_stops_where_the_training_loss_stands_still(self, cancer):
        model = NetworkTeacher(width=(8,), patience=2, tolerance=0.5).fit(*cancer)
        assert len(model.loss_curve_) < 10

    def test_many_rows_are_watched(self, cancer, monkeypatch):
        """The weights kept are those of the best epoch, not of the last."""
        monkeypatch.setattr("hpmkd_defaults.teachers.network.SMALL", 200)
        matrix, labels = cancer
        settings = {"width": (32,), "weight_decay": 0.0, "learning_rate": 0.02}
        model = NetworkTeacher(**settings, patience=3, row_budget=569 * 40).fit(matrix, labels)
        assert len(model.loss_curve_) <= 40
        held_out = held_out_rows(labels, 5000, 0)
        stored = log_loss(labels[held_out], model.predict_proba(matrix[held_out]))
        assert stored == pytest.approx(model.loss_curve_[-4], abs=1e-6)
        assert stored < min(model.loss_curve_[-3:])

    def test_no_more_rows_are_read_than_the_budget(self, cancer, monkeypatch):
        monkeypatch.setattr("hpmkd_defaults.teachers.network.SMALL", 200)
        model = NetworkTeacher(width=(4,), row_budget=569 * 3).fit(*cancer)
        assert len(model.loss_curve_) == 3

    def test_every_class_has_a_column(self, wine):
        """Probabilities of two, three and many classes sum to 1, and have a column each."""
        matrix, labels = wine
        for codes in (labels > 0, labels, np.arange(len(labels)) % 26):
            predicted = NetworkTeacher(width=(8,)).fit(matrix, codes).predict_proba(matrix)
            assert predicted.shape == (len(labels), len(np.unique(codes)))
            np.testing.assert_allclose(predicted.sum(axis=1), 1.0)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_it_learns_what_scikit_learn_learns(self):
        """In thirty epochs new rows' calibrated loss is no worse than after its two hundred."""
        matrix, labels = load_digits(return_X_y=True)
        matrix, new = np.split(scale(matrix), [1000])
        losses = []
        for model in (NetworkTeacher(), MLPClassifier((64, 64), alpha=1.0, random_state=0)):
            predicted = model.fit(matrix, labels[:1000]).predict_proba(new)
            temperature = calibrating_temperature(predicted, labels[1000:])
            losses.append(log_loss(labels[1000:], soften(predicted, temperature)))
        assert losses[0] < losses[1] * 1.02

    def test_fitting_again_starts_afresh(self, wine):
        model = NetworkTeacher(width=(4,), patience=2)
        one = model.fit(*wine).predict_proba(wine[0])
        np.testing.assert_array_equal(model.fit(*wine).predict_proba(wine[0]), one)

    def test_patience(self):
        stop = Patience(epochs=2, tolerance=0.1)
        assert [stop.seen(loss) for loss in (1.0, 0.95, 0.5, 0.49, 0.48)] == [
            False,
            False,
            False,
            False,
            True,
        ]
        assert stop.waited == 2


class TestRows:
    def test_a_seventh_with_the_shares_of_the_classes(self):
        codes = np.repeat([0, 1, 2], [700, 280, 70])
        held_out = held_out_rows(codes, 10_000, seed=3)
        np.testing.assert_allclose(np.bincount(codes[held_out]), [100, 40, 10], atol=1)

    def test_at_most_so_many(self):
        assert held_out_rows(np.zeros(70_000, int), 500, seed=0).sum() == 500

    def test_none_if_they_would_be_few(self):
        assert held_out_rows(np.zeros(139, int), 500, seed=0) is None
        assert held_out_rows(np.zeros(140, int), 500, seed=0).sum() == 20


@pytest.mark.parametrize("model", [BoostedTeacher(), LinearTeacher(), NetworkTeacher()])
def test_models_are_scikit_learn_classifiers(model):
    copy = clone(model.set_params(random_state=5))
    assert copy.get_params() == model.get_params()


class TestWeights:
    @pytest.mark.parametrize(
        ("model", "share"),
        [
            (LinearTeacher(max_steps=1000), 0.01),
            (BoostedTeacher(few_rounds=20, subsample=1.0, colsample=1.0, max_bin=256), 1e-4),
            (NetworkTeacher(), 0.8),
        ],
        ids=lambda each: type(each).__name__ if hasattr(each, "fit") else "",
    )
    def test_a_heavy_row_is_many_rows(self, model, share):
        """Two fits differ by less than a share of what the weights change."""
        X, y = load_breast_cancer(return_X_y=True)
        matrix, labels = scale(X)[:130, :3], y[:130]
        times = np.where(labels == 0, 4, 1)
        weighed = clone(model).fit(matrix, labels, sample_weight=times.astype(float))
        repeated = clone(model).fit(matrix.repeat(times, axis=0), labels.repeat(times))
        if isinstance(model, BoostedTeacher):  # it would stop on others of the repeated rows
            repeated = clone(model).set_params(few_rounds=20)
            repeated._stopped = lambda *_: None
            repeated.fit(matrix.repeat(times, axis=0), labels.repeat(times))
        plain = clone(model).fit(matrix, labels)
        one, other, without = (each.predict_proba(matrix) for each in (weighed, repeated, plain))
        changed = np.abs(without - other).mean()
        assert changed > 0.005
        assert np.abs(one - other).mean() <= share * changed

    @pytest.mark.parametrize(
        ("capped", "plain"),
        [(CappedForest, RandomForestClassifier), (CappedExtraTrees, ExtraTreesClassifier)],
    )
    def test_a_forest_takes_them_as_scikit_learn_does(self, capped, plain):
        X, y = load_wine(return_X_y=True)
        weights = np.linspace(0.1, 3.0, len(y))
        one, other = (
            each(9, random_state=0).fit(X, y, sample_weight=weights) for each in (capped, plain)
        )
        np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))

    @pytest.mark.parametrize("model", [BoostedTeacher(), NetworkTeacher(row_budget=100_000)])
    def test_rows_that_end_a_fit_are_weighed(self, model, monkeypatch):
        monkeypatch.setattr("hpmkd_defaults.teachers.network.SMALL", 100)
        X, y = load_breast_cancer(return_X_y=True)
        weights = np.where(y == 0, 30.0, 1.0)
        plain, heavy = (clone(model).fit(scale(X), y, each) for each in (None, weights))
        assert (
            heavy.predict_proba(scale(X))[:, 0].mean() > plain.predict_proba(scale(X))[:, 0].mean()
        )
