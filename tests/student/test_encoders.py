import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from hpmkd.student import JointEncoder, LinearEncoder, Schema, fit_encoder
from hpmkd.student.encoders import encoder_from_parts


def fit(kind, table, **settings):
    schema = Schema.fit(table)
    if settings:
        return LinearEncoder.fit(schema, table, **settings)
    return fit_encoder(kind, schema, table)


def twin(encoder):
    return encoder_from_parts(encoder.to_json(), encoder.arrays())


def test_tree_encoder_gives_codes_and_missing(people):
    encoder = fit("tree", people)
    matrix = encoder.transform(people)
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    assert matrix.shape == (len(people), encoder.n_outputs)
    assert encoder.feature_names == tuple(people.columns)
    np.testing.assert_array_equal(np.isnan(matrix), people.isna())
    np.testing.assert_array_equal(matrix[:, 0], people["age"].astype(np.float32))
    frequent = people["city"].value_counts().index[0]
    assert (matrix[people["city"] == frequent, 2] == 0).all()


def test_tree_encoder_sends_what_float32_cannot_hold_to_infinity():
    table = np.array([[1e300, 1.0], [-1e300, 2.0]])
    frame = pd.DataFrame(table)
    for given_table in (table, frame):
        assert fit("tree", given_table).transform(given_table)[:, 0].tolist() == [np.inf, -np.inf]


def test_linear_encoder_standardises(cancer):
    X, _ = cancer
    encoder = fit("linear", X)
    matrix = encoder.transform(X)
    assert (matrix.dtype, matrix.shape) == (np.float64, X.shape)
    np.testing.assert_allclose(matrix, StandardScaler().fit_transform(X), atol=1e-12)


def test_linear_encoder_imputes_the_median_and_marks_it():
    table = pd.DataFrame({"a": [1.0, 2.0, None, 9.0], "b": [1.0, 2.0, 3.0, 4.0]})
    encoder = fit("linear", table)
    assert encoder.feature_names == ("a", "b", "a is missing")
    matrix = encoder.transform(table)
    assert matrix[2, 0] == matrix[1, 0]
    assert matrix[:, 2].tolist() == [0, 0, 1, 0]
    late = encoder.transform({"a": [2.0], "b": [None]})
    assert late[0, 1] == 0  # the median of b is its mean; training saw b complete
    even = fit("linear", {"a": [1.0, 2.0, 4.0, 9.0]})
    assert even.scaling.medians[0] == 3.0


def test_linear_encoder_clips_to_the_training_range():
    encoder = fit("linear", {"a": [0.0, 10.0]})
    far = encoder.transform({"a": [-np.inf, -99.0, 0.0, 10.0, 1e308, np.inf]})[:, 0]
    assert far.tolist() == [-1, -1, -1, 1, 1, 1]


@pytest.mark.parametrize("cells", [[5.0, 5.0], [5.0, None], [np.nan, np.nan], [1e-320, 1e-320]])
def test_constant_columns_become_zero(cells):
    matrix = fit("linear", {"a": cells, "b": [1, 2]}).transform({"a": [*cells, 7.0], "b": [1] * 3})
    assert (matrix[:, 0] == 0).all()


def test_a_column_without_values_gets_no_indicator():
    assert fit("linear", {"a": [np.nan, np.nan]}).feature_names == ("a",)


def test_linear_encoder_one_hot():
    jobs = ["b", "b", "b", "a", "a", "c", None]
    encoder = fit("linear", {"job": jobs}, max_levels=2)
    assert encoder.feature_names == ("job=b", "job=a")
    rows = encoder.transform({"job": ["b", "a", "c", None, "new"]})
    assert rows.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0], [0, 0]]


def test_at_most_twelve_levels_by_default():
    many = [chr(97 + i // 2) for i in range(40)]
    assert fit("linear", {"c": many}).n_outputs == 12


def test_mixed_columns_keep_their_places(people):
    encoder = fit("linear", people)
    matrix = encoder.transform(people)
    assert matrix.shape == (len(people), len(encoder.feature_names))
    at = encoder.feature_names.index
    np.testing.assert_array_equal(matrix[:, at("city=Lima")], people["city"] == "Lima")
    np.testing.assert_array_equal(matrix[:, at("size=M")], people["size"] == "M")
    np.testing.assert_array_equal(matrix[:, at("age is missing")], people["age"].isna())
    assert np.isfinite(matrix).all()


@pytest.mark.parametrize("kind", ["tree", "linear", "joint"])
def test_empty_tables(kind, people):
    encoder = fit(kind, people)
    assert encoder.transform(people.iloc[:0]).shape == (0, encoder.n_outputs)
    numbers = fit(kind, np.eye(3))
    assert numbers.transform(np.empty((0, 3))).shape == (0, numbers.n_outputs)


@pytest.mark.parametrize("kind", ["tree", "linear", "joint"])
def test_parts_and_pickle_give_the_same_encoder(kind, people):
    encoder = fit(kind, people)
    expected = encoder.transform(people)
    assert encoder.kind == kind
    for copy in (twin(encoder), pickle.loads(pickle.dumps(encoder))):
        assert copy.transform(people).tobytes() == expected.tobytes()
        assert copy.feature_names == encoder.feature_names
        assert copy.schema == encoder.schema


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="'tree' or 'linear' or 'joint'"):
        fit("oblique", np.eye(2))
    with pytest.raises(ValueError, match="unknown kind"):
        encoder_from_parts({"kind": "x", "schema": Schema.fit(np.eye(2)).to_json()}, {})


def test_encoders_check_themselves():
    encoder = fit("linear", np.eye(3))
    with pytest.raises(ValueError, match="max_levels"):
        LinearEncoder(encoder.schema, encoder.scaling, 0)
    with pytest.raises(ValueError, match="the schema has 2"):
        LinearEncoder(Schema.fit(np.eye(2)), encoder.scaling)
    for name, values, message in (
        ("scales", [0.0, 1.0, 1.0], "scale"),
        ("lows", [9.0, 9.0, 9.0], "empty range"),
        ("medians", [np.nan, 0.0, 0.0], "NaN"),
        ("medians", [0.0], "length"),
    ):
        with pytest.raises(ValueError, match=message):
            encoder_from_parts(encoder.to_json(), {**encoder.arrays(), name: np.array(values)})


numbers = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=False))
texts = st.one_of(st.none(), st.sampled_from("abcdef"))


def frame_of(rows):
    columns = list(zip(*rows, strict=True))
    return pd.DataFrame(
        {
            "number": pd.Series(columns[0], dtype=float),
            "text": pd.Series(list(columns[1]), dtype=object),
            "other": pd.Series(columns[2], dtype=float),
        }
    )


rows = st.lists(st.tuples(numbers, texts, numbers), min_size=1, max_size=20)


@settings(deadline=None)
@given(rows, rows, st.sampled_from(["tree", "linear", "joint"]))
def test_any_rows_are_encoded_one_by_one(training, later, kind):
    encoder = fit(kind, frame_of(training))
    later = frame_of([*later, (1e308, "unseen", -1e308), (None, None, None)])
    matrix = encoder.transform(later)
    assert matrix.shape == (len(later), encoder.n_outputs)
    if kind == "linear":
        assert np.isfinite(matrix).all()
    for i in range(len(later)):
        assert encoder.transform(later.iloc[[i]]).tobytes() == matrix[i].tobytes()
    assert twin(encoder).transform(later).tobytes() == matrix.tobytes()


def test_tree_encoder_is_plain():
    assert fit("tree", np.eye(2)).arrays() == {}


@settings(deadline=None)
@given(rows, rows)
def test_the_joint_matrix_is_both(training, later):
    table = frame_of(training)
    schema = Schema.fit(table)
    linear, tree = fit_encoder("linear", schema, table), fit_encoder("tree", schema, table)
    joint = JointEncoder(linear, tree)
    later = frame_of([*later, (1e308, "unseen", -1e308), (None, None, 0.1)])
    matrix = joint.transform(later)
    assert (matrix.dtype, matrix.flags.c_contiguous) == (np.float64, True)
    width = linear.n_outputs
    assert matrix[:, :width].tobytes() == linear.transform(later).tobytes()
    again = matrix[:, width:].astype(np.float32)
    np.testing.assert_array_equal(again, tree.transform(later))
    np.testing.assert_array_equal(again.astype(np.float64), matrix[:, width:])
    assert fit_encoder("joint", schema, table).transform(later).tobytes() == matrix.tobytes()


def test_joint_columns_have_names_of_their_own(people):
    names = fit("joint", people).feature_names
    assert len(set(names)) == len(names)
    assert names[0] == "age"
    assert names[-people.shape[1]] == "age (raw)"


def test_joint_encoders_share_one_schema(people):
    linear = fit("linear", people)
    with pytest.raises(ValueError, match="different schemas"):
        JointEncoder(linear, fit("tree", people[["age"]]))
