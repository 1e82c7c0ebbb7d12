"""End to end through the Python interface, on small data with light recipes."""

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import logging
import os
import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import hpmkd
from hpmkd.data.dataset import separate_test
from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.seeds import Seeds

STAGES = ("logistic", "tree", "gbm", "network")
LIGHT = {
    "augmenter.name": "none",
    "search.alphas.self": [0.0, 0.5, 1.0],
    "sampler.name": "grid",
    "sampler.trials": 1,
    "budget.models": 0,
    "pipeline.start_seconds": 0,  # workers at once
    "split.folds": 3,
    "cache": "memory",
    "reference.name": "quick",
}
#: Files of a run that say the same in other bytes when they are saved again.
UNEQUAL = ("trials.json", "knowledge.json", "study.log")
TWO_STAGES = {**LIGHT, "stages": ["logistic", "tree"]}


def quick_teacher():
    return make_pipeline(StandardScaler(), LogisticRegression())


def light(X, y, **options):
    options = {"teacher": quick_teacher(), "settings": TWO_STAGES, **options}
    return hpmkd.distill(X, y, **options)


@pytest.fixture(scope="module")
def found(wine):
    """All four stages on the wine data, by a forest."""
    return light(*wine, teacher=RandomForestClassifier(30), settings=LIGHT)


@pytest.fixture(scope="module")
def found_people(people):
    return light(people, "bought", teacher=RandomForestClassifier(20))


def check_sound(found, n_classes):
    """Assert what is true of every run."""
    records = found.records
    controls = {record.name: record for record in records if record.role == "control"}
    students = {record.name: record for record in records if record.role == "student"}
    assert set(controls) - {"hard-ensemble"} == set(students) == set(found.students) - {"ensemble"}
    racing = {record.name: record for record in records if record.role in ("student", "ensemble")}
    assert [name for name, record in racing.items() if record.chosen] == [found.chosen]
    best = min(racing.values(), key=lambda record: record.selection_log_loss)
    # A smaller one that is as good by the selection rows may ship.
    assert best.chosen or racing[found.chosen].bytes < best.bytes
    for name, student in students.items():
        assert controls[name].alpha == 0
        assert student.selection_log_loss <= controls[name].selection_log_loss
    for student in found.students.values():
        assert student.classes_.shape == (n_classes,)
    for stage in students:
        alphas = {
            trial.configuration.alpha
            for trial in found.trials
            if trial.configuration.stage == stage
        }
        assert 0 in alphas
    assert found.student is found.students[found.chosen]
    low, high = found.verdict.interval
    assert low <= found.verdict.delta_log_loss <= high
    for record in records:
        assert 0 <= record.accuracy <= 1
        assert np.isfinite([record.log_loss, record.macro_f1]).all()


def test_numbers_by_all_four_stages(found, wine):
    check_sound(found, 3)
    assert set(found.students) - {"ensemble"} == set(STAGES)
    roles = [(record.role, record.name) for record in found.records]
    assert roles[0] == ("teacher", "teacher")
    assert ("student", "tree") in roles
    assert ("control", "tree") in roles
    said = found.student.predict_proba(wine[0])
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert (said.argmax(axis=1) == wine[1]).mean() > 0.9
    assert found.verdict.regime == "self"
    assert found.facts["rows"] == {"training": 142, "test": 36}
    assert tuple(found.leaderboard["role"]) == tuple(record.role for record in found.records)


def test_every_count_is_right(found):
    counts = found.counts
    # Without each fold: these also read the test rows. Without each pair: read at once.
    assert counts["teacher_fits"] == 3 + 3
    assert counts["teacher_calls"] == 3 * 2 + 3
    trials = sum(trial.models_trained for trial in found.trials)
    own = [each for each in found.front if each.role != "ensemble"]
    refitted = len({each.trial for each in own})  # one fit for a student and its cuts
    assert counts["models_trained"] == trials + refitted
    phases = ["search", "teachers", "chain", "refit", "measure", "total"]
    assert list(counts["seconds"]) == phases
    assert counts["peak_mb"] > 1


def test_a_frame_of_everything(found_people, people):
    check_sound(found_people, 2)
    assert found_people.student.classes_.tolist() == ["no", "yes"]
    rows = people.drop(columns="bought")
    said = found_people.student.predict_proba(rows)
    assert ((said[:, 1] > 0.5) == (people["bought"] == "yes")).mean() > 0.7
    shuffled = rows[rows.columns[::-1]]
    assert np.array_equal(said, found_people.student.predict_proba(shuffled))
    strange = rows.head(3).assign(city=["Rome", None, "Oslo"])
    assert np.isfinite(found_people.student.predict_proba(strange)).all()


@pytest.mark.parametrize(
    "names", [["b", "a", "c"], [10, 20, 5], [0.5, 1.5, -1.0], ["ü", "日本", "a b"]]
)
def test_labels_of_every_type_come_back(wine, names):
    X, codes = wine
    found = light(X, np.array(names)[codes], student="logistic")
    assert found.student.classes_.tolist() == sorted(names)
    predicted = found.student.classes_[found.student.predict_proba(X).argmax(axis=1)]
    assert (predicted == np.array(names)[codes]).mean() > 0.9


def test_truth_values_as_labels(cancer):
    X, codes = cancer
    found = light(X[:200, :5], codes[:200].astype(bool), student="tree")
    assert found.student.classes_.tolist() == [False, True]


def test_a_fitted_teacher(wine):
    X, codes = wine
    names = np.array(["x", "z", "y"])[codes]
    model = KNeighborsClassifier(5).fit(StandardScaler().fit_transform(X[::3]), names[::3])
    others = np.arange(len(X)) % 3 != 0
    rows = StandardScaler().fit(X[::3]).transform(X[others])
    found = light(rows, names[others], teacher=model)
    check_sound(found, 3)
    assert found.counts["teacher_calls"] == 2 + 3
    assert found.knowledge.teachers == ("kneighborsclassifier",)
    assert found.records[0].bytes > 0


def test_a_matrix_of_probabilities(wine):
    X, codes = wine
    given = np.full((len(X), 3), 0.1)
    given[np.arange(len(X)), codes] = 0.8
    wrong = np.arange(0, len(X), 7)
    given[wrong] = 1 / 3
    found = light(X, codes, teacher=given)
    check_sound(found, 3)
    teacher = found.records[0]
    assert teacher.role == "teacher"
    assert (teacher.bytes, teacher.row_us, teacher.speedup) == (None, None, None)
    assert found.knowledge.regime.name in ("self", "external", "leaking")


def test_several_teachers_at_once(wine):
    X, codes = wine
    given = np.full((len(X), 3), 1 / 3)
    teachers = {"line": quick_teacher(), "forest": RandomForestClassifier(10), "given": given}
    found = light(X, codes, teacher=teachers)
    check_sound(found, 3)
    # One without weight on the first fold is not read in the others.
    assert found.knowledge.teachers == ("line", "forest")
    assert sum(found.knowledge.weights) == pytest.approx(1)
    names = [record.name for record in found.records if record.role == "teacher"]
    assert names == ["teacher", "line", "forest"]


def test_two_teachers_of_one_kind(wine):
    teachers = [KNeighborsClassifier(1), KNeighborsClassifier(9)]
    found = light(*wine, teacher=teachers, student="tree")
    assert found.knowledge.teachers == ("kneighborsclassifier", "kneighborsclassifier_2")
    assert found.counts["teacher_fits"] == 2 * (3 + 3)  # without each fold, without each pair


def test_the_name_of_a_callable_and_of_a_panel(wine):
    by_name = light(*wine, teacher="sklearn.naive_bayes:GaussianNB", student="tree")
    assert by_name.knowledge.teachers == ("GaussianNB",)
    mixed = light(*wine, teacher=["quick", quick_teacher()], student="tree")
    assert mixed.knowledge.teachers == ("boosted", "pipeline")


def test_test_rows_of_their_own(people):
    train, test = people.iloc[:100], people.iloc[100:]
    teacher = RandomForestClassifier(10)
    found = light(train, "bought", X_test=test, teacher=teacher)
    check_sound(found, 2)
    assert found.facts["rows"] == {"training": 100, "test": 50}
    X, y = train.drop(columns="bought"), train["bought"]
    rows, labels = test.drop(columns="bought"), test["bought"]
    same = light(X, y, X_test=rows, y_test=labels, teacher=teacher)
    assert same.student.to_bytes() == found.student.to_bytes()


def test_one_student_alone(wine):
    found = light(*wine, student="tree")
    assert list(found.students) == ["tree"]
    assert {trial.configuration.stage for trial in found.trials} == {"tree"}


def test_the_seed_decides_whatever_the_number_of_workers(wine):
    options = {"teacher": RandomForestClassifier(5), "settings": LIGHT}
    runs = [light(*wine, **options, workers=workers) for workers in (1, 2, 4)]
    for stage in STAGES:
        contents = {run.students[stage].to_bytes() for run in runs}
        assert len(contents) == 1, stage
    keys = [[(trial.configuration.key, trial.log_loss) for trial in run.trials] for run in runs]
    assert keys[0] == keys[1] == keys[2]
    assert len({run.verdict for run in runs}) == 1
    assert len({run.counts["teacher_calls"] for run in runs}) == 1
    assert runs[0].evidence == runs[1].evidence == runs[2].evidence
    for run, workers in zip(runs, (1, 2, 4), strict=True):
        trials = [each["trials"] for each in run.counts["workers"]]
        assert len(trials) <= workers
        assert sum(trials) == len(run.trials)


def test_a_numpy_integer_is_a_seed(wine):
    one, two = light(*wine, student="tree", seed=np.int64(7)), light(*wine, student="tree", seed=7)
    assert one.student.to_bytes() == two.student.to_bytes()
    assert type(one.facts["seed"]) is int


def test_a_teacher_of_local_functions_teaches_at_any_number_of_workers(wine):
    teacher = make_pipeline(FunctionTransformer(lambda table: table * 2), quick_teacher())
    runs = [light(*wine, teacher=teacher, student="tree", workers=workers) for workers in (1, 2)]
    assert runs[0].student.to_bytes() == runs[1].student.to_bytes()
    assert runs[0].records[0].bytes is None


def test_another_seed_is_another_run(wine):
    one, two = light(*wine, student="tree"), light(*wine, student="tree", seed=1)
    assert one.student.to_bytes() != two.student.to_bytes()


PREDICT = """
import sys
import numpy as np
import hpmkd
found = hpmkd.load(sys.argv[1])
said = found.student.predict_proba(np.load(sys.argv[2]))
print(found.chosen, found.verdict.outcome, said.tobytes().hex())
"""


def test_saved_and_loaded_in_a_fresh_process_it_says_the_same_bits(
    found, wine, tmp_path, in_fresh_process
):
    found.save(tmp_path / "run")
    np.save(tmp_path / "rows.npy", wine[0])
    printed = in_fresh_process(PREDICT, tmp_path / "run", tmp_path / "rows.npy")
    chosen, *word, said = printed.split(" ")
    assert chosen == found.chosen
    assert " ".join(word) == found.verdict.outcome
    assert said == found.student.predict_proba(wine[0]).tobytes().hex()


def test_a_loaded_run_is_the_saved_run(found, tmp_path):
    found.save(tmp_path / "run")
    loaded = hpmkd.load(tmp_path / "run")
    assert loaded.records == found.records
    assert loaded.verdict == found.verdict
    assert loaded.counts == found.counts
    assert loaded.recipe == found.recipe
    assert loaded.chosen == found.chosen
    assert loaded.knowledge.weights == pytest.approx(found.knowledge.weights, abs=1e-6)
    for stage, student in found.students.items():
        assert loaded.students[stage].to_bytes() == student.to_bytes()
    loaded.save(tmp_path / "copy")
    files = [
        sorted(
            (str(path.relative_to(tmp_path / run)), path.read_bytes())
            for path in (tmp_path / run).rglob("*")
            if path.is_file() and path.name not in UNEQUAL
        )
        for run in ("run", "copy")
    ]
    assert files[0] == files[1]


def test_a_class_of_two_rows(wine):
    X, codes = wine
    y = np.where(codes == 2, "common", np.where(codes == 1, "other", "common")).astype(object)
    y[:2] = "rare"
    with pytest.warns(hpmkd.DataWarning, match=r"fewer rows than the 3 folds: rare"):
        found = light(X, y)
    check_sound(found, 3)
    assert found.student.classes_.tolist() == ["common", "other", "rare"]
    assert np.isfinite(found.student.predict_proba(X)).all()


def test_fifty_classes():
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(50), 8)
    X = rng.normal(size=(50, 4))[codes] + 0.2 * rng.normal(size=(400, 4))
    found = light(X, codes)
    check_sound(found, 50)
    assert found.records[-1].accuracy > 0.3


def test_in_a_thread_as_anywhere(wine):
    here = light(*wine)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        there = [threads.submit(light, *wine) for _ in range(2)]
        assert {run.result().student.to_bytes() for run in there} == {here.student.to_bytes()}


def test_nothing_is_printed(wine, capfd):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        light(*wine, workers=2)
    captured = capfd.readouterr()
    assert (out.getvalue(), err.getvalue(), captured.out, captured.err) == ("", "", "", "")


def global_state():
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "random": (kind, keys.tobytes(), *rest),
        "environ": dict(os.environ),
        "filters": list(warnings.filters),
        "handlers": list(logging.getLogger().handlers),
        "level": logging.getLogger().level,
        "cwd": os.getcwd(),
        "errstate": np.geterr(),
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_global_state_is_left_alone(wine, workers):
    before = global_state()
    light(*wine, teacher=RandomForestClassifier(5), settings=LIGHT, workers=workers)
    after = global_state()
    for name, value in before.items():
        assert after[name] == value, name


def test_the_callers_data_is_left_alone(wine, people):
    X, y = wine[0].copy(), wine[1].copy()
    frame = people.copy()
    light(X, y, student="tree")
    light(frame, "bought", student="tree", teacher=RandomForestClassifier(10))
    assert np.array_equal(X, wine[0])
    assert np.array_equal(y, wine[1])
    pd.testing.assert_frame_equal(frame, people)


def test_a_shared_cache_saves_every_teacher(wine, dict_cache):
    options = {"teacher": RandomForestClassifier(10), "cache": dict_cache, "student": "tree"}
    first, second = light(*wine, **options), light(*wine, **options)
    assert first.counts["teacher_fits"] == 3 + 3
    assert (second.counts["teacher_fits"], second.counts["teacher_calls"]) == (0, 0)
    assert second.student.to_bytes() == first.student.to_bytes()
    assert second.records[0].bytes == first.records[0].bytes
    other = light(*wine, **options, seed=1)
    assert other.counts["teacher_fits"] == 3 + 3


def test_observers_hear_of_the_run_in_order(wine):
    heard = []

    class Observer:
        @hpmkd.hookimpl
        def hpmkd_run_started(self, facts, recipe):
            heard.append(("started", facts.n_rows, recipe["name"]))

        @hpmkd.hookimpl
        def hpmkd_phase_advanced(self, phase, done, total):
            assert 0 <= done <= total
            if done == total and heard[-1] != ("phase", phase):
                heard.append(("phase", phase))

        @hpmkd.hookimpl
        def hpmkd_run_finished(self, leaderboard, verdict, student):
            heard.append(("finished", len(list(leaderboard)), verdict["outcome"], student))

    found = light(*wine, observers=[Observer()])
    steps = ("search", "teachers", "search", "chain", "refit", "front", "measure")
    phases = [("phase", phase) for phase in steps]
    assert heard == [
        ("started", 142, "hpm"),
        *phases,
        ("finished", len(found.records), found.verdict.outcome, found.student),
    ]


def test_an_observer_that_fails_does_not_cost_the_run(wine):
    class Clumsy:
        @hpmkd.hookimpl
        def hpmkd_trial_finished(self, trial):
            raise RuntimeError("disk full")

    with pytest.warns(
        hpmkd.PluginWarning, match=r"observer-0.*disk full.*will receive no further events"
    ):
        found = light(*wine, observers=[Clumsy()], student="tree")
    check_sound(found, 3)


def test_the_leaking_regime_keeps_alpha_below_one():
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(300, 5)), rng.integers(0, 2, 300)
    model = RandomForestClassifier(50, random_state=0).fit(X, codes)
    with pytest.warns(hpmkd.DataWarning, match="has seen these labels"):
        found = light(X, codes, teacher=model)
    assert found.verdict.regime == "leaking"
    assert max(trial.configuration.alpha for trial in found.trials) < 1
    check_sound(found, 2)


class Recording(KNeighborsClassifier):
    """Remembers which rows it was fitted on; their number is their first column."""

    seen: ClassVar[list[frozenset[int]]] = []

    def fit(self, X, y):
        Recording.seen.append(frozenset(X[:, 0].astype(int).tolist()))
        return super().fit(X, y)


def test_no_teacher_sees_the_rows_that_it_is_judged_on(cancer):
    X, codes = cancer
    X = np.c_[np.arange(len(X)), X][:300]
    Recording.seen.clear()
    found = light(X, codes[:300], teacher=Recording(3), student="tree")
    dataset = make_dataset(X, codes[:300])
    train, test = separate_test(dataset, 0.2, Seeds.spawn(0).test)
    assert found.facts["rows"] == {"training": len(train), "test": len(test)}
    assert len(Recording.seen) == 6
    single, pairs = Recording.seen[:3], Recording.seen[3:]
    rows = frozenset(train.tolist())
    folds = [rows - fit for fit in single]
    # No test row; every row is held out of exactly one of the three folds.
    assert frozenset().union(*single) == rows
    assert sorted(row for fold in folds for row in fold) == sorted(rows)
    # Without two folds: what learns of one of them is judged on the other.
    assert {*pairs} == {*folds}


class Broken:
    """A stage that never fits."""

    encoding: ClassVar[str] = "tree"
    complexity: ClassVar[int] = 0
    defaults: ClassVar[dict[str, float]] = {}

    def space(self, trial):
        return {}

    def fit(self, inputs):
        raise RuntimeError("no convergence")


class BrokenPlugin:
    @hpmkd.hookimpl
    def hpmkd_stages(self):
        return [hpmkd.Offer("broken", Broken, "never fits")]


def test_a_stage_that_fails_costs_itself_only(wine):
    settings = {**LIGHT, "stages": ["broken", "tree"]}
    with pytest.warns(hpmkd.PluginWarning, match=r"'broken' dropped: plugin 'observer-0'"):
        found = light(*wine, settings=settings, observers=[BrokenPlugin()])
    check_sound(found, 3)
    assert list(found.students) == ["tree"]
    failed = [trial for trial in found.trials if trial.failure]
    assert {trial.configuration.stage for trial in failed} == {"broken"}
    assert "no convergence" in failed[0].failure


def test_a_race_of_failing_stages_only_is_an_error(wine):
    settings = {**LIGHT, "stages": ["broken"]}
    with pytest.raises(hpmkd.PluginError, match=r"no stage has a student.*no convergence"):
        light(*wine, settings=settings, observers=[BrokenPlugin()])


class Forger(Broken):
    """Makes its own score perfect: every row gets the label that it predicts."""

    def fit(self, inputs):
        inputs.labels[:] = 0
        raise AssertionError("the labels could be written into")


class ForgerPlugin:
    @hpmkd.hookimpl
    def hpmkd_stages(self):
        return [hpmkd.Offer("forger", Forger, "writes into the labels")]


class ForgingFuser:
    def fit(self, probabilities, labels, table):
        labels[:] = probabilities[0].argmax(axis=1)
        raise AssertionError("the labels could be written into")


class ForgingFuserPlugin:
    @hpmkd.hookimpl
    def hpmkd_fusers(self):
        return [hpmkd.Offer("forging", ForgingFuser, "writes into the labels")]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stage_cannot_write_into_the_labels(wine, workers):
    settings = {**LIGHT, "stages": ["forger", "tree"]}
    with pytest.warns(hpmkd.PluginWarning, match=r"plugin 'observer-0'.*'forger'.*read-only"):
        found = light(*wine, settings=settings, observers=[ForgerPlugin()], workers=workers)
    alone = light(*wine, settings={**LIGHT, "stages": ["tree"]})
    assert found.verdict == alone.verdict
    assert [record.log_loss for record in found.records] == [
        record.log_loss for record in alone.records
    ]


def test_a_fuser_cannot_write_into_the_labels(wine):
    mine = wine[1].copy()
    with pytest.raises(hpmkd.PluginError, match=r"plugin 'observer-0'.*'forging'.*read-only"):
        light(
            wine[0],
            mine,
            settings={**TWO_STAGES, "fuser": "forging"},
            observers=[ForgingFuserPlugin()],
        )
    assert np.array_equal(mine, wine[1])


class ByPosition:
    """A fitted teacher that never looks at the names of columns."""

    def __init__(self, model):
        self.model, self.classes_ = model, model.classes_

    def predict_proba(self, table):
        return self.model.predict_proba(np.asarray(table))


@pytest.mark.parametrize("kind", ["cross-fitted", "by position"])
def test_test_rows_are_put_in_the_order_of_the_training_rows(wine, kind):
    frame = pd.DataFrame(wine[0], columns=[f"c{at}" for at in range(13)])
    other = np.arange(178) % 3 == 0
    teacher = GaussianNB()
    if kind == "by position":
        teacher = ByPosition(GaussianNB().fit(wine[0][other], wine[1][other]))
    rest = np.random.default_rng(0).permutation(np.flatnonzero(~other))
    train, test = rest[:80], rest[80:]
    rows, asked = frame.iloc[train], frame.iloc[test]
    losses = []
    for each in (
        asked,
        asked[frame.columns[::-1]],
        asked.assign(more=1.0),
        asked.to_numpy(),
    ):
        found = hpmkd.distill(
            rows,
            wine[1][train],
            X_test=each,
            y_test=wine[1][test],
            teacher=teacher,
            settings=LIGHT,
            student="tree",
        )
        losses.append([record.log_loss for record in found.records])
    assert losses[1:] == [losses[0]] * 3


def test_a_teacher_worse_than_nothing_is_asked_for_its_columns(cancer):
    X, y = cancer
    said = cross_val_predict(GaussianNB(), X, y, cv=3, method="predict_proba") * 0.98 + 0.01
    swapped = pd.DataFrame(said[:, ::-1], columns=["first", "second"])
    with pytest.warns(hpmkd.DataWarning) as caught:
        light(X, y, teacher=swapped, student="tree")
    told = [str(each.message) for each in caught if "columns in the order" in str(each.message)]
    assert len(told) == 1
    assert "teacher 'given': its log loss on the training rows is" in told[0]
    assert told[0].endswith("are its columns in the order 0, 1?")


def test_a_name_in_a_mapping_may_be_a_panel_or_a_callable(wine):
    found = light(
        *wine,
        teacher={"mine": "sklearn.naive_bayes:GaussianNB", "panel": "quick"},
        student="tree",
    )
    names = [record.name for record in found.records if record.role == "teacher"]
    assert any("mine" in name for name in [*names, *found.knowledge.teachers])
    assert all(name == "mine" or name.startswith("panel") for name in found.knowledge.teachers)


def test_mappings_as_rows_and_as_recipe(people):
    recipe = hpmkd.Recipe.load("hpm").override({**LIGHT, "stages": ["tree"]})
    by_mapping = light(
        people.astype({"size": object}).to_dict("list"),
        "bought",
        recipe=recipe.to_mapping(),
        settings=None,
        teacher=RandomForestClassifier(5),
    )
    assert set(by_mapping.students) - {"ensemble"} == {"tree"}
    by_tuple = light(
        people.astype({"size": object}).to_dict("records"),
        "bought",
        settings={**LIGHT, "stages": ("tree",)},
        teacher=RandomForestClassifier(5),
    )
    assert by_tuple.verdict == by_mapping.verdict
