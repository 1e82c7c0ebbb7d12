"""What scikit-learn's checks do not look at: mixed rows, tools around it, what teaches."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import has_fit_parameter

import hpmkd


@pytest.fixture
def rows(wine):
    """Wine with named columns, and words as labels."""
    X, y = wine
    frame = pd.DataFrame(X[:, :4], columns=["alcohol", "acid", "ash", "alkaline"])
    return frame, np.array(["barolo", "grignolino", "barbera"])[y]


@pytest.fixture
def fitted(quick, rows):
    return quick().fit(*rows)


# ------------------------------------------------------------------ a fitted classifier


def test_a_fitted_one_tells_what_it_learnt_from(fitted, rows):
    frame, labels = rows
    assert fitted.classes_.tolist() == sorted(set(labels))
    assert fitted.feature_names_in_.tolist() == list(frame.columns)
    assert fitted.n_features_in_ == 4
    assert fitted.student_ is fitted.distillation_.student
    assert fitted.distillation_.facts["rows"]["test"] == round(0.2 * len(frame))


def test_it_answers_as_its_student(fitted, rows):
    frame, labels = rows
    assert (fitted.predict_proba(frame) == fitted.student_.predict_proba(frame)).all()
    assert (fitted.predict(frame) == fitted.student_.predict(frame)).all()
    assert fitted.score(frame, labels) == (fitted.predict(frame) == labels).mean() > 0.7


@pytest.mark.parametrize("kind", [object, "U", "bool", "int8"])
def test_labels_come_back_as_they_were(quick, rows, kind):
    labels = rows[1] == "barolo" if kind == "bool" else rows[1]
    labels = np.unique(labels, return_inverse=True)[1] if kind == "int8" else labels
    labels = labels.astype(kind)
    model = quick().fit(rows[0], labels)
    assert model.classes_.dtype == model.predict(rows[0]).dtype == labels.dtype
    assert model.score(rows[0], labels) > 0.7


def test_mixed_rows_with_holes_are_read_as_they_are(quick, people):
    frame, labels = people.drop(columns="bought"), people["bought"]
    words = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city", "size"]), remainder="passthrough"
    )
    model = quick(teacher=make_pipeline(words, DecisionTreeClassifier(max_depth=4)))
    model.fit(frame, labels)
    assert model.score(frame, labels) > 0.7
    strange = frame.head(3).assign(city=["Rome", None, "Oslo"], age=np.nan)
    assert np.isfinite(model.predict_proba(strange)).all()


def test_numbers_stay_numbers_in_lists_with_text(quick, people):
    cells = people[["children", "city"]].fillna("none").to_numpy().tolist()
    words = make_column_transformer((OneHotEncoder(), [1]), remainder="passthrough")
    model = quick(teacher=make_pipeline(words, DecisionTreeClassifier(max_depth=3)))
    model.fit(cells, people["bought"])
    assert [column.kind for column in model.student_.encoder.schema.columns] == [
        "number",
        "category",
    ]


def test_other_columns_are_refused_as_scikit_learn_does(quick, fitted, rows):
    frame = rows[0]
    unnamed = quick().fit(frame.to_numpy(), rows[1])
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        fitted.predict(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="seen at fit time, yet now missing:\n- alcohol"):
        fitted.predict(frame.drop(columns="alcohol"))
    with pytest.raises(ValueError, match="X has 3 features, but DistilledClassifier is expecting"):
        unnamed.predict_proba(frame.to_numpy()[:, :3])
    with pytest.raises(ValueError, match="'acid'") as raised:
        fitted.predict(frame.assign(acid="sour"))
    assert isinstance(raised.value, hpmkd.DataError)


def test_rows_without_names_are_read_by_position_with_a_warning(fitted, rows):
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        probabilities = fitted.predict_proba(rows[0].to_numpy())
    assert (probabilities == fitted.predict_proba(rows[0])).all()


def test_it_pickles_with_its_run(fitted, rows, tmp_path):
    joblib.dump(fitted, tmp_path / "model.joblib")
    for copy in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "model.joblib")):
        assert (copy.predict_proba(rows[0]) == fitted.predict_proba(rows[0])).all()
        assert copy.distillation_.recipe == fitted.distillation_.recipe
        assert copy.distillation_.verdict == fitted.distillation_.verdict
        with pytest.raises(hpmkd.RunFolderError, match="cannot fit further students"):
            copy.distillation_.fit(copy.distillation_.trials[0].configuration)


# --------------------------------------------------------------------- scikit-learn's tools


def test_it_ends_a_pipeline_of_frames(quick, wine):
    frame = pd.DataFrame(wine[0], columns=[f"x{j}" for j in range(13)])
    pipeline = make_pipeline(StandardScaler(), quick()).set_output(transform="pandas")
    pipeline.fit(frame, wine[1])
    assert pipeline[-1].feature_names_in_.tolist() == list(frame.columns)
    assert pipeline.score(frame, wine[1]) > 0.8


def test_it_is_cross_validated_and_cloned(quick, rows):
    scores = cross_val_score(quick(), *rows, cv=2, error_score="raise")
    assert scores.min() > 0.6
    assert not hasattr(clone(quick().fit(*rows)), "student_")


def test_a_grid_reaches_into_the_teacher(quick, rows):
    grid = {"teacher__max_depth": [1, 4], "student": ["logistic", "tree"]}
    search = GridSearchCV(quick(), grid, cv=2, error_score="raise").fit(*rows)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.distillation_.chosen == search.best_params_["student"]
    assert list(search.feature_names_in_) == list(rows[0].columns)


def test_two_fits_give_the_same_student_and_touch_no_global_state(quick, rows):
    np.random.seed(5)  # noqa: NPY002 - the global generator is what must not matter
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    model = quick()
    students = [model.fit(*rows).student_.to_bytes() for _ in range(2)]
    np.random.seed(6)  # noqa: NPY002
    again = quick(random_state=0).fit(*rows).student_.to_bytes()
    assert students == [again, again]
    np.random.seed(5)  # noqa: NPY002
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_the_random_state_is_the_seed(quick, rows):
    def seed(random_state):
        return quick(random_state=random_state).fit(*rows).distillation_.facts["seed"]

    assert seed(None) == 0
    assert seed(np.int64(7)) == 7
    assert seed(np.random.RandomState(3)) == np.random.RandomState(3).randint(2**31 - 1)
    for refused in (-1, np.random.default_rng(0)):
        with pytest.raises(hpmkd.RecipeError, match="random_state: got"):
            seed(refused)


def test_a_cache_on_disk_spares_the_teachers(quick, rows, tmp_path):
    folder = {"cache.disk": True, "cache.folder": str(tmp_path)}
    fits = [
        quick(settings=folder, student=student).fit(*rows).distillation_.counts["teacher_fits"]
        for student in ("logistic", "tree")
    ]
    assert fits[0] > 0
    assert fits[1] == 0


@pytest.mark.slow
def test_folds_may_run_in_processes(quick, rows):
    found = cross_validate(
        quick(), *rows, cv=2, n_jobs=2, return_estimator=True, error_score="raise"
    )
    alone = cross_val_score(quick(), *rows, cv=2)
    assert found["test_score"].tolist() == alone.tolist()
    assert all(model.distillation_.handle is None for model in found["estimator"])


def test_no_memory_links_one_fit_with_the_next_unless_asked_for(quick, rows):
    def memory(**parameters):
        return quick(**parameters).fit(*rows).distillation_.recipe.memory.name

    assert memory() == memory(settings={"sampler.trials": 1}) == "none"
    assert memory(settings={"memory": "sqlite"}) == "sqlite"
    assert memory(settings={"memory.name": "sqlite"}) == "sqlite"


# ------------------------------------------------------------------------------ what teaches


def honest(frame, labels):
    """Return a forest's predictions for rows that it has not seen."""
    forest = RandomForestClassifier(20, random_state=0)
    return cross_val_predict(forest, frame, labels, cv=3, method="predict_proba")


def test_given_probabilities_teach(quick, rows):
    frame, labels = rows
    probabilities = pd.DataFrame(honest(frame, labels), columns=sorted(set(labels)))
    model = quick(teacher=None).fit(
        *rows, teacher_proba=probabilities[["grignolino", "barolo", "barbera"]]
    )
    assert model.distillation_.knowledge.teachers == ("given",)
    assert model.score(rows[0], labels) > 0.7


def test_probabilities_are_dealt_to_the_folds_with_their_rows(quick, rows):
    probabilities = honest(*rows)
    with sklearn.config_context(enable_metadata_routing=True):
        model = quick(teacher=None).set_fit_request(teacher_proba=True)
        found = cross_validate(
            make_pipeline(StandardScaler(), model),
            *rows,
            cv=2,
            params={"teacher_proba": probabilities},
            return_estimator=True,
            error_score="raise",
        )
    for pipeline in found["estimator"]:
        assert pipeline[-1].distillation_.knowledge.teachers == ("given",)


def test_a_teacher_and_probabilities_are_one_too_many(quick, rows):
    with pytest.raises(ValueError, match="got a teacher and teacher_proba"):
        quick().fit(*rows, teacher_proba=np.full((len(rows[0]), 3), 1 / 3))


def test_rows_without_labels_are_learnt_from(quick, rows):
    frame, labels = rows
    model = quick().fit(frame[:120], labels[:120], X_unlabeled=frame[120:])
    assert model.distillation_.knowledge.extra_rows["unlabeled"] == len(frame) - 120


def test_given_probabilities_cannot_label_and_a_warning_says_so(quick, rows):
    frame, labels = rows
    with pytest.warns(hpmkd.DataWarning, match="rows without labels are not used"):
        model = quick(teacher=None).fit(
            *rows, teacher_proba=honest(frame, labels), X_unlabeled=frame[:20]
        )
    assert model.distillation_.knowledge.extra_rows["unlabeled"] == 0


def test_a_fitted_teacher_survives_its_clones_if_frozen(quick, rows):
    frame, labels = rows
    forest = RandomForestClassifier(10, random_state=0).fit(frame[::2], labels[::2])
    model = clone(quick(teacher=FrozenEstimator(forest))).fit(frame[1::2], labels[1::2])
    assert list(model.distillation_.facts["teachers"].values()) == ["a fitted model"]
    assert model.teacher.estimator is forest


# ------------------------------------------------------------------------ what it cannot use


@pytest.mark.parametrize(
    ("n", "labels", "match"),
    [
        (9, [0, 1, 0, 1, 0, 1, 0, 1, 0], "9 sample"),
        (12, [0] * 12, "all rows are of the class 0"),
        (12, [*range(11), 0], "got 11 classes in 12 rows; expected two rows or more per class"),
        (12, [0, 1] * 5 + [0], "inconsistent numbers of samples"),
        (12, None, "requires y to be passed"),
        (12, np.linspace(0, 1, 12), "Unknown label type: continuous"),
        (12, [0.0, 1.0] * 5 + [np.nan, 1.0], "labels: 1 of 12 are missing"),
        (12, ["a", None] * 6, "labels: 6 of 12 are missing"),
    ],
)
@pytest.mark.parametrize("frame", [False, True])
@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_what_cannot_be_learnt_from_is_a_value_error(quick, frame, n, labels, match):
    X = np.random.default_rng(0).normal(size=(n, 2))
    if labels is not None and "None" not in map(str, labels):
        labels = np.array(labels)
    with pytest.raises(ValueError, match=match):
        quick().fit(pd.DataFrame(X, columns=["a", "b"]) if frame else X, labels)


@pytest.mark.parametrize("frame", [False, True])
def test_infinite_cells_are_a_value_error(quick, rows, frame):
    strange = rows[0].assign(ash=np.inf)
    with pytest.raises(ValueError, match="infinit"):
        quick().fit(strange if frame else strange.to_numpy(), rows[1])


def test_weights_of_rows_decide(quick, rows):
    X, y = rows
    assert has_fit_parameter(quick(), "sample_weight")
    plain, heavy = quick().fit(X, y), np.where(y == "barbera", 50.0, 1.0)
    weighed = quick().fit(X, y, sample_weight=heavy)
    assert (weighed.predict(X) == "barbera").sum() > (plain.predict(X) == "barbera").sum()
    expected = np.average(weighed.predict(X) == y, weights=heavy)
    assert weighed.score(X, y, sample_weight=heavy) == pytest.approx(expected)
    with pytest.raises(ValueError, match="not finite numbers of 0 or more"):
        weighed.score(X, y, sample_weight=-heavy)
    same = quick().fit(X, y, sample_weight=np.full(len(y), 2.0))
    assert same.predict_proba(X).tobytes() == plain.predict_proba(X).tobytes()


def test_rows_of_weight_zero_are_none_nor_is_a_class_of_such_rows(quick, rows):
    X, y = rows
    model = quick().fit(X, y, sample_weight=(y != "barbera").astype(int))
    assert list(model.classes_) == ["barolo", "grignolino"]
    without = quick().fit(X[y != "barbera"], y[y != "barbera"])
    assert model.predict_proba(X).tobytes() == without.predict_proba(X).tobytes()


def test_weights_of_rows_follow_their_rows_through_a_cross_validation(quick, rows):
    X, y = rows
    weights = {"sample_weight": np.linspace(0.1, 3.0, len(y))}
    found = cross_validate(quick(), X, y, cv=2, params=weights, return_estimator=True)
    sizes = [each.distillation_.facts["rows"] for each in found["estimator"]]
    assert all(each["training"] + each["test"] == len(y) // 2 for each in sizes)


def test_weights_of_classes_decide(quick, rows):
    X, y = rows
    plain, heavy = (quick(class_weight=each).fit(X, y) for each in (None, {"barbera": 50}))
    assert (heavy.predict(X) == "barbera").sum() > (plain.predict(X) == "barbera").sum()
    with pytest.raises(ValueError, match="class_weight: no row has the label 'merlot'"):
        quick(class_weight={"merlot": 2}).fit(X, y)


def test_limits_are_kept_or_the_fit_fails(quick, rows):
    model = clone(quick(limits={"max_size": "1MB"})).fit(*rows)
    assert model.student_.n_bytes <= 1_000_000
    with pytest.raises(hpmkd.LimitsError) as raised:
        model.set_params(limits={"max_size": 10}).fit(*rows)
    assert pickle.loads(pickle.dumps(raised.value)).distillation.chosen == "logistic"


def test_a_setting_that_does_not_exist_is_named(quick, rows):
    with pytest.raises(hpmkd.RecipeError, match="did you mean 'sampler'"):
        quick(settings={"samplr.trials": 1}).fit(*rows)
    with pytest.raises(hpmkd.RecipeError, match="settings: got"):
        quick(settings=["memory"]).fit(*rows)
