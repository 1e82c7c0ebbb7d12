import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax

from hpmkd.student import LinearModel, TreesModel
from hpmkd.student.models.links import probabilities_of

STUMP = {
    "roots": [0],
    "features": [1, -1, -1],
    "thresholds": [0.5, 0, 0],
    "left": [1, 0, 1],
    "right": [2, 0, 0],
    "missing_left": [True, False, False],
    "leaf_values": [[-1.0], [2.0]],
    "outputs": [0],
    "base_margin": [0.25],
    "link": "sigmoid",
}


def trees(**changes):
    return TreesModel(**{**STUMP, **changes})


def test_stump_by_hand():
    model = trees()
    matrix = np.array([[9, 0.4], [9, 0.5], [9, np.nan], [9, np.inf], [9, -np.inf]], np.float32)
    assert model.margins(matrix)[:, 0].tolist() == [-0.75, 2.25, -0.75, 2.25, -0.75]
    np.testing.assert_allclose(
        model.probabilities(matrix)[:, 1], expit(model.margins(matrix)[:, 0])
    )
    assert (model.n_classes, model.n_inputs, model.n_trees) == (2, 2, 1)
    right = trees(missing_left=[False] * 3)
    assert right.margins(matrix)[2, 0] == 2.25


def test_vector_leaves_and_several_trees():
    model = TreesModel(
        roots=[0, 1],
        features=[-1, 0, -1, -1],
        thresholds=[0, 1.0, 0, 0],
        left=[0, 2, 1, 2],
        right=[0, 3, 0, 0],
        missing_left=[0, 0, 0, 0],
        leaf_values=[[1.0, 2.0, 3.0], [10.0, 0.0, 0.0], [0.0, 10.0, 0.0]],
        outputs=[0, 0],
        base_margin=[0.0, 0.0, 1.0],
        link="softmax",
    )
    margins = model.margins(np.array([[0.0], [1.0]]))
    assert margins.tolist() == [[11, 2, 4], [1, 12, 4]]
    np.testing.assert_allclose(model.probabilities(np.array([[0.0]]))[0], softmax([11, 2, 4]))


def test_identity_leaves_are_probabilities():
    model = trees(
        leaf_values=[[0.1, 0.9], [1.0, 3.0]], base_margin=[0.0, 0.0], link="identity"
    )  # fmt: skip
    rows = model.probabilities(np.array([[0.0, 0.0], [0.0, 1.0]]))
    np.testing.assert_allclose(rows, [[0.1, 0.9], [0.25, 0.75]], rtol=1e-7)
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-15)


def test_no_trees_give_the_base_margin():
    empty = {name: [] for name in STUMP if name not in ("base_margin", "link", "leaf_values")}
    model = trees(**empty, leaf_values=np.empty((0, 1)))
    assert model.margins(np.zeros((2, 0))).tolist() == [[0.25], [0.25]]


@pytest.mark.parametrize("n_margins", [1, 4])
def test_linear_by_hand(n_margins):
    rng = np.random.default_rng(3)
    coefficients, intercept = rng.normal(size=(5, n_margins)), rng.normal(size=n_margins)
    model, matrix = LinearModel(coefficients, intercept), rng.normal(size=(7, 5))
    margins = matrix @ coefficients + intercept
    np.testing.assert_allclose(model.margins(matrix), margins)
    if n_margins == 1:
        assert model.link == "sigmoid"
        expected = np.hstack([1 - expit(margins), expit(margins)])
    else:
        assert model.link == "softmax"
        expected = softmax(margins, axis=1)
    np.testing.assert_allclose(model.probabilities(matrix), expected)
    assert model.n_classes == expected.shape[1]


def test_leaves_and_other_values_in_them():
    model = trees()
    matrix = np.array([[9, 0.4], [9, 0.5], [9, np.nan]], np.float32)
    assert model.leaves(matrix).tolist() == [[0], [1], [0]]
    other = model.with_leaf_values([[4.0], [-3.0]])
    assert other.margins(matrix)[:, 0].tolist() == [4.25, -2.75, 4.25]
    assert model.margins(matrix)[:, 0].tolist() == [-0.75, 2.25, -0.75]
    assert model.leaves(matrix[:0]).shape == (0, 1)
    for values, message in (([[1.0]], r"expected \(2, 1\)"), ([[np.nan], [0]], "NaN")):
        with pytest.raises(ValueError, match=message):
            model.with_leaf_values(values)
    with pytest.raises(ValueError, match=r"expected \(n, 2 or more\)"):
        model.leaves(matrix[:, :1])


def test_leaves_count_rows_and_answer_the_same():
    matrix = np.array([[9, 0.4], [9, 0.5], [9, np.nan], [9, 0.1]], np.float32)
    counted = trees().with_leaf_counts(matrix, np.array([0, 1, 1, 0]))
    assert counted.leaf_counts.tolist() == [[2, 1], [0, 1]]
    assert counted.margins(matrix).tobytes() == trees().margins(matrix).tobytes()
    assert counted.with_leaf_values([[4.0], [-3.0]]).leaf_counts.tolist() == [[2, 1], [0, 1]]
    assert trees().leaf_counts is None


def test_no_rows():
    assert trees().probabilities(np.empty((0, 2))).shape == (0, 2)
    assert LinearModel(np.ones((2, 3)), np.ones(3)).probabilities(np.empty((0, 2))).shape == (0, 3)


def test_arrays_are_owned_and_read_only():
    coefficients = np.ones((2, 1))
    model = LinearModel(coefficients, [0.0])
    coefficients[:] = 7
    assert model.coefficients.tolist() == [[1], [1]]
    with pytest.raises(ValueError, match="read-only"):
        model.coefficients[0] = 7
    again = pickle.loads(pickle.dumps(trees()))
    assert again.margins(np.zeros((1, 2))) == trees().margins(np.zeros((1, 2)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"left": [0, 0, 1]}, "come after its parent"),  # walks in a circle
        ({"right": [3, 0, 0]}, "is no node"),
        ({"left": [-7, 0, 1]}, "come after its parent"),
        ({"left": [2, 0, 1]}, "two parents"),
        ({"roots": [5]}, "two parents, or none"),
        ({"roots": [-1]}, "two parents, or none"),
        ({"roots": [0, 1], "outputs": [0, 0]}, "two parents"),
        ({"left": [1, 0, 2]}, "outside of the leaf values"),
        ({"left": [1, -1, 1]}, "outside of the leaf values"),
        ({"outputs": [1]}, "margin that does not exist"),
        ({"outputs": [0, 0]}, "outputs"),
        ({"thresholds": [np.nan, 0, 0]}, "NaN"),
        ({"thresholds": [1.0]}, "thresholds has 1 nodes"),
        ({"leaf_values": [[np.inf], [0]]}, "leaf_values holds NaN or infinite"),
        ({"leaf_values": [[1e300], [0]]}, "leaf_values holds NaN or infinite"),
        ({"leaf_values": [1.0, 2.0]}, "1 dimensions"),
        ({"leaf_values": [[1.0, 2.0, 3.0]] * 2}, "leaves of 3 values"),
        ({"base_margin": [np.nan]}, "base_margin"),
        ({"base_margin": [0.0, 0.0]}, "does not go with 2 margins"),
        ({"features": [2**40, -1, -1]}, "features holds values"),
        ({"features": [0.5, -1, -1]}, "features holds values"),
        ({"link": "probit"}, "got the link 'probit'"),
        ({"leaf_counts": [[1, 2]]}, "leaf_counts must be counts of the shape"),
        ({"leaf_counts": [[1], [2]]}, "leaf_counts must be counts of the shape"),
        ({"leaf_counts": [[1, 2], [3, -1]]}, "leaf_counts must be counts"),
        ({"leaf_counts": [[1, 2], [3, 0.5]]}, "leaf_counts holds values"),
        ({"link": "identity"}, "base margin of 0"),
        ({"link": "identity", "base_margin": [0.0]}, "probabilities"),
    ],
    ids=str,
)
def test_unsafe_trees_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        trees(**changes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((2, 3)), np.ones(2)), "do not go with 2 intercepts"),
        ((np.ones(2), np.ones(2)), "1 dimensions"),
        ((np.full((2, 1), np.nan), np.ones(1)), "coefficients holds NaN"),
        ((np.ones((2, 1)), np.full(1, np.inf)), "intercept holds NaN"),
        ((np.ones((2, 1)), np.ones(1), "identity"), "no probability"),
        ((np.ones((2, 1)), np.ones(1), "softmax"), "does not go with 1 margins"),
    ],
)
def test_unsound_linear_models_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LinearModel(*arguments)


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"expected \(n, 2 or more\)"):
        trees().margins(np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"expected \(n, 2\)"):
        LinearModel(np.ones((2, 1)), np.ones(1)).margins(np.zeros((3, 3)))


margin = st.floats(allow_nan=False, width=32)


@settings(deadline=None)
@given(st.integers(1, 9).flatmap(
    lambda c: st.lists(st.lists(margin, min_size=c, max_size=c), min_size=1, max_size=40)
))  # fmt: skip
def test_any_margins_become_probabilities_row_by_row(rows):
    margins = np.array(rows)
    link = "sigmoid" if margins.shape[1] == 1 else "softmax"
    with np.errstate(all="raise", under="ignore"):
        together = probabilities_of(margins, link)
    assert together.shape[1] == max(2, margins.shape[1])
    assert ((together >= 0) & (together <= 1)).all()
    np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-14)
    for i in range(len(margins)):
        assert probabilities_of(margins[i : i + 1], link).tobytes() == together[i].tobytes()


@pytest.mark.parametrize("n_margins", [1, 3, 26])
def test_rows_do_not_depend_on_the_batch(n_margins):
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(600, 7))
    linear = LinearModel(rng.normal(size=(7, n_margins)), rng.normal(size=n_margins))
    together = linear.probabilities(matrix)
    for lot in (1, 2, 255, 257):
        parts = [linear.probabilities(matrix[i : i + lot]) for i in range(0, 600, lot)]
        assert np.concatenate(parts).tobytes() == together.tobytes()
