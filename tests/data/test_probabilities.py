from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from hpmkd.data.probabilities import checked, given_probabilities, row_losses
from hpmkd.errors import DataError

CLASSES = np.array(["no", "yes"])
GOOD = np.array([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]])


@given(
    st.lists(st.lists(st.floats(1e-6, 1), min_size=3, max_size=3), min_size=1, max_size=20),
    st.floats(-9e-4, 9e-4),
)
def test_rounding_errors_are_normalised_away(rows, off):
    exact = np.array(rows)
    exact /= exact.sum(axis=1, keepdims=True)
    matrix = given_probabilities(exact * (1 + off), np.arange(3), len(exact))
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(matrix, exact, atol=1e-9)


@pytest.mark.parametrize("off", [0.998, 1.002, 2.0, 0.0])
def test_sums_that_are_off_are_refused(off):
    bad = GOOD.copy()
    bad[1] *= off
    with pytest.raises(DataError, match=r"1 row does not sum to 1.*row 1.*[Nn]ormalise"):
        given_probabilities(bad, CLASSES, 3)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "NaN or infinite"),
        (np.inf, "NaN or infinite"),
        (-np.inf, "NaN or infinite"),
        (-0.1, "negative.*not logits"),
    ],
)
def test_values_that_are_no_probabilities_are_refused(value, message):
    bad = GOOD.copy()
    bad[2, 1] = value
    with pytest.raises(DataError, match=f"1 row holds {message}") as raised:
        given_probabilities(bad, CLASSES, 3, "the teacher's")
    assert "row 2, column 1" in str(raised.value)
    assert str(raised.value).startswith("the teacher's")


@pytest.mark.parametrize(
    ("matrix", "got"),
    [
        (GOOD[:2], "got 2 rows and 2 columns; expected 3 rows"),
        (np.hstack([GOOD, GOOD]), "got 3 rows and 4 columns; expected 3 rows"),
        (np.full((3, 3), 1 / 3), "2 columns, one per class: no, yes"),
        (np.ones((3, 2, 2)), "got 3 dimensions"),
        ([["a", "b"]] * 3, "expected numbers"),
        ([[0.1, 0.9], [1.0]], "expected numbers"),
        ("text", "expected numbers"),
    ],
)
def test_wrong_shapes_and_types_are_refused(matrix, got):
    with pytest.raises(DataError, match=got):
        given_probabilities(matrix, CLASSES, 3)


@pytest.mark.parametrize("as_given", [np.asarray, list, pd.Series, lambda p: p[:, None]])
def test_one_column_is_the_second_of_two_classes(as_given):
    second = GOOD[:, 1]
    np.testing.assert_allclose(given_probabilities(as_given(second), CLASSES, 3), GOOD)


def test_one_column_is_not_enough_for_three_classes():
    with pytest.raises(DataError, match=r"expected 3 rows .* and 3 columns"):
        given_probabilities(GOOD[:, 0], np.arange(3), 3)


def test_one_column_above_one_is_refused():
    with pytest.raises(DataError, match=r"too large values; the first is row 1, column 0: 1\.2\. "):
        given_probabilities([0.1, 1.2, 0.3], CLASSES, 3)


@pytest.mark.parametrize(
    "names", [["no", "yes"], ["p_no", "p_yes"], ["proba.no", "proba.yes"], ["P=no", "P=yes"]]
)
def test_a_frame_is_matched_by_names_whatever_the_order(names):
    frame = pd.DataFrame(GOOD, columns=names)
    np.testing.assert_allclose(given_probabilities(frame[names[::-1]], CLASSES, 3), GOOD)


def test_a_frame_is_matched_by_numeric_class_names():
    frame = pd.DataFrame(GOOD[:, ::-1], columns=[7, 3])
    np.testing.assert_allclose(given_probabilities(frame, np.array([3, 7]), 3), GOOD)


def test_a_frame_without_class_names_is_read_in_the_order_of_the_classes():
    frame = pd.DataFrame(GOOD, columns=["first", "second"])
    np.testing.assert_allclose(given_probabilities(frame, CLASSES, 3), GOOD)


def test_the_input_is_not_changed():
    mine = GOOD * 1.0005
    before = mine.copy()
    given_probabilities(mine, CLASSES, 3)
    assert np.array_equal(mine, before)


def test_checked_accepts_distributions():
    assert np.array_equal(checked(GOOD.tolist(), (3, 2), "it"), GOOD)
    assert checked(np.empty((0, 2)), (0, 2), "it").shape == (0, 2)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (GOOD[:2], r"shape \(2, 2\); expected \(3, 2\)"),
        (GOOD * np.nan, "NaN"),
        (GOOD + np.inf, "infinite"),
        (np.array([[1.5, -0.5]] * 3), "negative"),
        (GOOD * 1.01, "sum to 1"),
    ],
)
def test_checked_names_the_liar(matrix, message):
    with pytest.raises(ValueError, match=f"the tree returned .*{message}"):
        checked(matrix, (3, 2), "the tree")


def test_row_losses_average_to_the_log_loss_of_scikit_learn():
    rng = np.random.default_rng(0)
    matrix = rng.dirichlet(np.ones(4), 200)
    labels = rng.integers(0, 4, 200)
    expected = log_loss(labels, matrix, labels=range(4))
    assert row_losses(matrix, labels).mean() == pytest.approx(expected)


def test_row_losses_of_an_impossible_label_are_finite():
    assert row_losses(np.array([[1.0, 0.0]]), np.array([1]))[0] == pytest.approx(36.04, abs=0.01)


@pytest.mark.parametrize("name", ["no", "p_no", "P=no"])
def test_one_column_is_the_class_that_it_is_named_as(name):
    first = pd.Series(GOOD[:, 0], name=name)
    for given_ in (first, first.to_frame()):
        np.testing.assert_allclose(given_probabilities(given_, CLASSES, 3), GOOD)
    second = pd.DataFrame({name.replace("no", "yes"): GOOD[:, 1]})
    np.testing.assert_allclose(given_probabilities(second, CLASSES, 3), GOOD)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["p_yes", "p_nope"], r"columns p_yes \(yes\) are named as classes, .* p_nope are not"),
        (["p_yes", "q_yes"], "p_yes, q_yes mean the same class; no column is named as no"),
    ],
)
def test_names_of_which_only_some_are_classes_are_refused(names, message):
    with pytest.raises(DataError, match=f"{message}.*expected one for each of no, yes"):
        given_probabilities(pd.DataFrame(GOOD, columns=names), CLASSES, 3)


def test_a_column_too_many_is_refused_by_name():
    frame = pd.DataFrame(GOOD, columns=["p_no", "p_yes"]).assign(other=0)
    with pytest.raises(DataError, match="the columns other are not"):
        given_probabilities(frame, CLASSES, 3)


def test_a_frame_made_of_an_array_goes_by_position():
    matrix = given_probabilities(pd.DataFrame(GOOD), np.array([1, 2]), 3)
    np.testing.assert_allclose(matrix, GOOD)


def test_a_class_whose_name_ends_in_that_of_another_is_no_riddle():
    frame = pd.DataFrame(GOOD, columns=["p_very_no", "p_no"])
    matrix = given_probabilities(frame, np.array(["no", "very_no"]), 3)
    np.testing.assert_allclose(matrix, GOOD[:, ::-1])


def test_whole_floats_are_spelt_as_integers():
    frame = pd.DataFrame(GOOD[:, ::-1], columns=["p_1", "p_0"])
    np.testing.assert_allclose(given_probabilities(frame, np.array([0.0, 1.0]), 3), GOOD)
