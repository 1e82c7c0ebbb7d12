"""DBDataset in every form that DeepBridge users write it, and in forms that cannot be."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

from hpmkd import DBDataset, TeacherError

# ------------------------------------------------------------------------------- forms


def test_rows_labels_and_probabilities_by_position(wine):
    X, y = wine
    probabilities = np.full((len(y), 3), 1 / 3)
    dataset = DBDataset(X, y, probabilities)
    assert dataset.X is not None
    np.testing.assert_array_equal(dataset.X, X)
    np.testing.assert_array_equal(dataset.target, y)
    np.testing.assert_allclose(dataset.given, probabilities)
    assert dataset.original_prob.shape == (178, 3)
    assert len(dataset) == 178
    assert dataset.features[:2] == ["x0", "x1"]


def test_a_frame_with_its_target_and_probabilities_inside(people):
    dataset = DBDataset(data=people, target_column="bought", prob_cols=["p0", "p1"])
    assert dataset.features == ["age", "city"]
    assert dataset.target_name == "bought"
    np.testing.assert_array_equal(dataset.target, people["bought"])
    np.testing.assert_allclose(dataset.given, people[["p0", "p1"]])


def test_features_choose_columns_and_their_order(people):
    dataset = DBDataset(data=people, target_column="bought", features=["city"])
    assert dataset.features == ["city"]
    assert dataset.given is None


def test_probabilities_are_read_by_the_names_of_the_classes(people):
    named = people.rename(columns={"p0": "p_0", "p1": "p_1"})
    dataset = DBDataset(data=named, target_column="bought", prob_cols=["p_1", "p_0"])
    np.testing.assert_allclose(dataset.given[:, 1], people["p1"])


def test_one_column_of_two_classes_is_the_second(people):
    dataset = DBDataset(people[["age"]], people["bought"], people["p1"].to_numpy())
    np.testing.assert_allclose(dataset.given, people[["p0", "p1"]])


def test_columns_may_have_numbers_for_names(wine):
    numbered = pd.DataFrame(wine[0]).assign(**{"13": wine[1]}).rename(columns={"13": 13})
    numbered[[14, 15, 16]] = np.full((178, 3), 1 / 3)
    dataset = DBDataset(data=numbered, target_column=13, features=[2, 0], prob_cols=[14, 15, 16])
    assert dataset.features == ["2", "0"]
    assert dataset.target_name == "13"
    np.testing.assert_array_equal(dataset.target, wine[1])
    np.testing.assert_array_equal(dataset.X, wine[0][:, [2, 0]])
    assert dataset.given.shape == (178, 3)
    parts = DBDataset(train_data=numbered[:100], test_data=numbered[100:], target_column=13)
    np.testing.assert_array_equal(parts.target, wine[1])
    assert DBDataset(numbered, 13, categorical_features=[0]).X["0"].dtype == "category"


def test_the_target_may_be_named_by_position(people):
    assert DBDataset(people, "bought").target_name == "bought"


def test_a_column_called_target_is_no_label_unless_somebody_says_so(people):
    dataset = DBDataset(people.rename(columns={"age": "target"}), people["bought"])
    assert "target" in dataset.features
    assert dataset.target_name == "target_"
    np.testing.assert_array_equal(dataset.train_data["target_"], dataset.get_target_data("train"))


def test_a_bunch_of_scikit_learn(wine):
    dataset = DBDataset(data=load_wine(), target_column="wine")
    assert dataset.features[0] == "alcohol"
    assert dataset.target_name == "wine"
    np.testing.assert_array_equal(dataset.target, wine[1])


def test_of_a_bunch_some_features_may_be_chosen(wine):
    dataset = DBDataset(data=load_wine(), target_column="target", features=["hue", "alcohol"])
    names = list(load_wine().feature_names)
    assert dataset.features == ["hue", "alcohol"]
    np.testing.assert_array_equal(dataset.X["hue"], wine[0][:, names.index("hue")])


def test_an_array_gets_the_names_of_its_features(wine):
    dataset = DBDataset(wine[0], wine[1], features=[f"f{at}" for at in range(13)])
    assert list(dataset.X.columns) == dataset.features == [f"f{at}" for at in range(13)]


def test_rows_that_are_divided_stay_divided(people):
    dataset = DBDataset(
        train_data=people[:45],
        test_data=people[45:],
        target_column="bought",
        features=["age"],
        prob_cols=["p0", "p1"],
    )
    division = dataset.divided(test_size=0.5, random_state=1)
    np.testing.assert_array_equal(division.X_train["age"], people["age"][:45])
    np.testing.assert_array_equal(division.X_test["age"], people["age"][45:])
    np.testing.assert_array_equal(division.y_test, people["bought"][45:])
    np.testing.assert_allclose(division.given_test, people[["p0", "p1"]][45:])


def test_predictions_of_divided_rows_may_be_frames_of_their_own(people):
    probabilities = people[["p0", "p1"]].assign(weight=1.0)
    dataset = DBDataset(
        train_data=people[:45],
        test_data=people[45:],
        target_column="bought",
        features=["age"],
        prob_cols=["p0", "p1"],
        train_predictions=probabilities[:45],
        test_predictions=probabilities[45:],
    )
    np.testing.assert_allclose(dataset.given, people[["p0", "p1"]])


def test_test_rows_may_lack_what_the_teacher_says(people):
    dataset = DBDataset(
        train_data=people[["age", "bought"]][:45],
        test_data=people[["age", "bought"]][45:],
        target_column="bought",
        train_predictions=people[["p0", "p1"]][:45],
    )
    division = dataset.divided()
    assert division.given_train.shape == (45, 2)
    assert division.given_test is None


def test_categories_that_only_the_test_rows_have_are_kept(people):
    city = people.assign(city=people["city"].astype("category"))
    test = city[45:].assign(city=pd.Categorical(["Pune"] * 15))
    dataset = DBDataset(train_data=city[:45], test_data=test, target_column="bought")
    assert set(dataset.X["city"].cat.categories) == {"Oslo", "Lima", "Pune"}
    assert dataset.X["city"].notna().all()


def test_categorical_features_become_categories(people):
    numbers = people.assign(age=people["age"].round())
    dataset = DBDataset(numbers, "bought", categorical_features=["age"])
    assert isinstance(dataset.X["age"].dtype, pd.CategoricalDtype)


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
    with pytest.raises(TeacherError, match=r"is a pickle.*joblib\.load\(path\)"):
        DBDataset(*wine, model_path=tmp_path / "teacher.pkl")


def test_a_model_must_tell_probabilities(wine):
    with pytest.raises(TeacherError, match="got object, which has no predict_proba"):
        DBDataset(*wine, model=object())


@pytest.mark.parametrize("given", ["sklearn.naive_bayes:GaussianNB", "panel", "nowhere.skops"])
def test_what_is_no_file_is_no_model_and_nothing_is_imported_or_called(wine, given):
    with pytest.raises(TeacherError, match=f"there is no file {given}; expected a model written"):
        DBDataset(*wine, model_path=given)
    with pytest.raises(TeacherError, match=f"model: there is no file {given}"):
        DBDataset(*wine).set_model(given)


# -------------------------------------------------------------------------- categories


def test_few_values_are_categories_if_that_is_asked(people):
    numbers = people.assign(age=people["age"].round().clip(-1, 1))
    dataset = DBDataset(numbers[["age", "city", "p1", "bought"]], "bought", max_categories=3)
    assert dataset.categorical_features == ["age", "city"]
    assert dataset.numerical_features == ["p1"]
    assert isinstance(dataset.X["age"].dtype, pd.CategoricalDtype)


def test_named_categories_go_before_counted_ones(people):
    numbers = people.assign(age=people["age"].round(), level=people["bought"])
    columns = numbers[["age", "level", "bought"]]
    dataset = DBDataset(columns, "bought", categorical_features=["age"], max_categories=5)
    assert dataset.categorical_features == ["age"]


def test_columns_of_an_array_are_categories_by_their_count():
    rows = np.column_stack([np.arange(40.0), np.arange(40) % 3])
    dataset = DBDataset(rows, np.arange(40) % 2, max_categories=3)
    assert (dataset.numerical_features, dataset.categorical_features) == (["x0"], ["x1"])
    assert DBDataset(rows, np.arange(40) % 2).categorical_features == []
