"""DBDataset in every form that DeepBridge users write it, and in forms that cannot be."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

from hpmkd import DataError, DBDataset, TeacherError
from hpmkd.dataset import make_dataset, separate_test
from hpmkd.seeds import Seeds


@pytest.fixture(scope="module")
def frame():
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


# ------------------------------------------------------------------------------- forms


def test_rows_labels_and_probabilities_by_position(wine):
    X, y = wine
    said = np.full((len(y), 3), 1 / 3)
    dataset = DBDataset(X, y, said)
    assert dataset.X is not None
    np.testing.assert_array_equal(dataset.X, X)
    np.testing.assert_array_equal(dataset.target, y)
    np.testing.assert_allclose(dataset.given, said)
    assert dataset.original_prob.shape == (178, 3)
    assert len(dataset) == 178
    assert dataset.features[:2] == ["x0", "x1"]


def test_a_frame_with_its_target_and_probabilities_inside(frame):
    dataset = DBDataset(data=frame, target_column="bought", prob_cols=["p0", "p1"])
    assert dataset.features == ["age", "city"]
    assert dataset.target_name == "bought"
    np.testing.assert_array_equal(dataset.target, frame["bought"])
    np.testing.assert_allclose(dataset.given, frame[["p0", "p1"]])


def test_features_choose_columns_and_their_order(frame):
    dataset = DBDataset(data=frame, target_column="bought", features=["city"])
    assert dataset.features == ["city"]
    assert dataset.given is None


def test_probabilities_are_read_by_the_names_of_the_classes(frame):
    named = frame.rename(columns={"p0": "p_0", "p1": "p_1"})
    dataset = DBDataset(data=named, target_column="bought", prob_cols=["p_1", "p_0"])
    np.testing.assert_allclose(dataset.given[:, 1], frame["p1"])


def test_one_column_of_two_classes_is_the_second(frame):
    dataset = DBDataset(frame[["age"]], frame["bought"], frame["p1"].to_numpy())
    np.testing.assert_allclose(dataset.given, frame[["p0", "p1"]])


def test_the_target_may_be_named_by_position(frame):
    assert DBDataset(frame, "bought").target_name == "bought"


def test_a_column_called_target_is_no_label_unless_somebody_says_so(frame):
    dataset = DBDataset(frame.rename(columns={"age": "target"}), frame["bought"])
    assert "target" in dataset.features
    assert dataset.target_name == "target_"
    np.testing.assert_array_equal(dataset.train_data["target_"], dataset.get_target_data("train"))


def test_a_bunch_of_scikit_learn(wine):
    dataset = DBDataset(data=load_wine(), target_column="wine")
    assert dataset.features[0] == "alcohol"
    assert dataset.target_name == "wine"
    np.testing.assert_array_equal(dataset.target, wine[1])


def test_an_array_gets_the_names_of_its_features(wine):
    dataset = DBDataset(wine[0], wine[1], features=[f"f{at}" for at in range(13)])
    assert list(dataset.X.columns) == dataset.features == [f"f{at}" for at in range(13)]


def test_rows_that_are_divided_stay_divided(frame):
    dataset = DBDataset(
        train_data=frame[:45],
        test_data=frame[45:],
        target_column="bought",
        features=["age"],
        prob_cols=["p0", "p1"],
    )
    division = dataset.divided(test_size=0.5, random_state=1)
    np.testing.assert_array_equal(division.X_train["age"], frame["age"][:45])
    np.testing.assert_array_equal(division.X_test["age"], frame["age"][45:])
    np.testing.assert_array_equal(division.y_test, frame["bought"][45:])
    np.testing.assert_allclose(division.given_test, frame[["p0", "p1"]][45:])


def test_predictions_of_divided_rows_may_be_frames_of_their_own(frame):
    said = frame[["p0", "p1"]].assign(weight=1.0)
    dataset = DBDataset(
        train_data=frame[:45],
        test_data=frame[45:],
        target_column="bought",
        features=["age"],
        prob_cols=["p0", "p1"],
        train_predictions=said[:45],
        test_predictions=said[45:],
    )
    np.testing.assert_allclose(dataset.given, frame[["p0", "p1"]])


def test_test_rows_may_lack_what_the_teacher_says(frame):
    dataset = DBDataset(
        train_data=frame[["age", "bought"]][:45],
        test_data=frame[["age", "bought"]][45:],
        target_column="bought",
        train_predictions=frame[["p0", "p1"]][:45],
    )
    division = dataset.divided()
    assert division.given_train.shape == (45, 2)
    assert division.given_test is None


def test_categories_that_only_the_test_rows_have_are_kept(frame):
    city = frame.assign(city=frame["city"].astype("category"))
    test = city[45:].assign(city=pd.Categorical(["Pune"] * 15))
    dataset = DBDataset(train_data=city[:45], test_data=test, target_column="bought")
    assert set(dataset.X["city"].cat.categories) == {"Oslo", "Lima", "Pune"}
    assert dataset.X["city"].notna().all()


def test_categorical_features_become_categories(frame):
    numbers = frame.assign(age=frame["age"].round())
    dataset = DBDataset(numbers, "bought", categorical_features=["age"])
    assert isinstance(dataset.X["age"].dtype, pd.CategoricalDtype)


# ---------------------------------------------------------------------------- division


def test_rows_are_divided_as_distill_divides_them(wine):
    X, y = wine
    division = DBDataset(X, y).divided(test_size=0.3, random_state=5)
    train, test = separate_test(make_dataset(X, y), 0.3, Seeds.spawn(5).test)
    np.testing.assert_array_equal(division.X_train, X[train])
    np.testing.assert_array_equal(division.X_test, X[test])


def test_what_the_data_set_says_of_its_division_goes_first(wine):
    dataset = DBDataset(*wine, test_size=0.5, random_state=9)
    np.testing.assert_array_equal(
        dataset.divided(0.2, 1).X_test, DBDataset(*wine).divided(0.5, 9).X_test
    )


def test_parts_are_shown_as_frames_with_their_labels(wine):
    dataset = DBDataset(*wine)
    division = dataset.divided()
    assert list(dataset.train_data.columns) == [*dataset.features, "target"]
    np.testing.assert_array_equal(dataset.get_feature_data("test"), division.X_test)
    np.testing.assert_array_equal(dataset.get_target_data("test"), division.y_test)
    with pytest.raises(DataError, match="got 'all'; expected 'train' or 'test'"):
        dataset.get_target_data("all")


# ------------------------------------------------------------------------------- models


def test_a_model_may_come_later(wine):
    dataset = DBDataset(*wine)
    assert dataset.model is None
    model = GaussianNB()
    dataset.set_model(model)
    assert dataset.model is model
    assert "GaussianNB" in repr(dataset)


def test_a_model_is_read_from_a_skops_file_and_from_no_pickle(wine, tmp_path):
    import skops.io

    model = GaussianNB().fit(*wine)
    skops.io.dump(model, tmp_path / "teacher.skops")
    dataset = DBDataset(*wine, model_path=tmp_path / "teacher.skops")
    np.testing.assert_array_equal(dataset.model.theta_, model.theta_)
    joblib.dump(model, tmp_path / "teacher.pkl")
    with pytest.raises(TeacherError, match=r"is a pickle.*model=joblib\.load"):
        DBDataset(*wine, model_path=tmp_path / "teacher.pkl")


def test_a_model_must_tell_probabilities(wine):
    with pytest.raises(TeacherError, match="got object, which has no predict_proba"):
        DBDataset(*wine, model=object())


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "got no rows; expected DBDataset"),
        ({"data": "frame", "train_data": "frame"}, "got both data and train_data"),
        ({"train_data": "frame"}, "got one of train_data and test_data; expected both"),
        ({"data": "frame"}, "got no labels"),
        ({"data": "frame", "target_column": "bougth"}, "did you mean 'bought'"),
        (
            {"data": "frame", "target_column": "bought", "features": ["agee"]},
            "features: no column is called 'agee'; did you mean 'age'",
        ),
        (
            {"data": "frame", "target_column": "bought", "prob_cols": ["q"]},
            "prob_cols: no column is called 'q'",
        ),
        (
            {"data": "frame", "target_column": "bought", "features": ["age", "bought"]},
            "bought holds the labels",
        ),
        (
            {"data": "frame", "target_column": "bought", "prob_cols": ["age"]},
            "negative",
        ),
        (
            {"data": "frame", "target_column": "bought", "categorical_features": ["p"]},
            "categorical_features: no column to learn from is called 'p'",
        ),
        ({"data": "array", "target_column": "bought"}, "an array of 2 columns without names"),
    ],
)
def test_what_cannot_be_is_refused(frame, arguments, said):
    forms = {"frame": frame, "array": np.ones((60, 2))}
    arguments = {
        name: forms.get(each, each) if isinstance(each, str) else each
        for name, each in arguments.items()
    }
    with pytest.raises(DataError, match=said):
        DBDataset(**arguments)


def test_probabilities_of_too_few_rows_are_refused(wine):
    with pytest.raises(DataError, match="got 10 rows and 3 columns; expected 178 rows"):
        DBDataset(*wine, np.full((10, 3), 1 / 3))


def test_too_few_rows_to_measure_on_are_refused():
    with pytest.raises(DataError, match="too few to keep 1% for the test"):
        DBDataset(np.arange(20.0).reshape(10, 2), [0, 1] * 5).divided(0.01)
