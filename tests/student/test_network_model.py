"""The network as a model: what it refuses, how it is stored, and what it is a part of."""

import pickle
from itertools import pairwise

import numpy as np
import pytest

from hpmkd.errors import DataError, StudentFileError
from hpmkd.student import (
    JointEncoder,
    LinearEncoder,
    NetworkModel,
    Pool,
    Student,
    TreeEncoder,
    pool_students,
)
from hpmkd.student.file.container import unseal
from hpmkd.student.models.network import LARGEST_WEIGHT, MAX_WIDTH
from tests.student.crafting import altered, put, replaced


def network(*sizes, link=""):
    """Return a network of these sizes, its weights drawn."""
    rng = np.random.default_rng(0)
    shapes = list(pairwise(sizes))
    weights = [rng.normal(size=shape) for shape in shapes]
    return NetworkModel(weights, [rng.normal(size=b) for _, b in shapes], link)


@pytest.mark.parametrize("sizes", [(4, 6, 1), (4, 6, 3), (4, 6, 5, 1), (4, 6, 5, 3)])
def test_margins_and_probabilities(sizes):
    model, matrix = network(*sizes), np.random.default_rng(1).normal(size=(9, 4))
    values = (matrix / np.sqrt(1 + (matrix / 3) ** 2)).astype(np.float32)
    for at, (weights, biases) in enumerate(zip(model.weights, model.biases, strict=True)):
        values = (np.maximum(values, 0) if at else values) @ weights + biases
    np.testing.assert_allclose(model.margins(matrix), values, atol=1e-5)
    if sizes[-1] == 1:
        values = np.hstack([np.zeros((9, 1)), values])
    expected = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    probabilities = model.probabilities(matrix)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert model.n_classes == max(2, sizes[-1])
    assert model.n_inputs == 4
    assert model.family == f"network of {'-'.join(map(str, sizes[1:-1]))} units"
    for i in range(9):
        assert model.probabilities(matrix[i : i + 1]).tobytes() == probabilities[i].tobytes()
    assert model.probabilities(matrix[:0]).shape == (0, model.n_classes)
    with pytest.raises(ValueError, match=r"expected \(n, 4\)"):
        model.margins(matrix[:, :3])


def test_its_arrays_are_its_own_and_read_only():
    weights = [np.ones((2, 3)), np.ones((3, 1))]
    model = NetworkModel(weights, [np.zeros(3), np.zeros(1)])
    weights[0][:] = 7
    assert model.weights[0].tolist() == [[1.0] * 3] * 2
    assert all(each.dtype == np.float32 for each in (*model.weights, *model.biases))
    with pytest.raises(ValueError, match="read-only"):
        model.weights[0][0] = 7
    again = pickle.loads(pickle.dumps(model))
    assert again.margins(np.ones((1, 2))) == model.margins(np.ones((1, 2)))
    assert model.margins(np.ones((1, 2))) == pytest.approx(6 / np.sqrt(1 + 1 / 9))


ONE = np.ones(1)


@pytest.mark.parametrize(
    ("weights", "biases", "link", "message"),
    [
        ([np.ones((2, 1))], [ONE], "", "weights of 1 and biases of 1 layers, expected 2 to 3"),
        ([np.ones((2, 1)), np.ones((1, 1))], [ONE], "", "weights of 2 and biases of 1"),
        ([np.ones((1, 1))] * 4, [ONE] * 4, "", "weights of 4"),
        ([np.ones((2, 3)), np.ones((2, 1))], [np.ones(3), ONE], "", "do not fit on each other"),
        ([np.ones((2, 3)), np.ones((3, 1))], [np.ones(2), ONE], "", "do not fit on each other"),
        ([np.ones((2, 0)), np.ones((0, 1))], [np.ones(0), ONE], "", "1 to 4096 units"),
        ([np.ones((2, 1)), np.ones((1, 0))], [ONE, np.ones(0)], "", "1 to 4096 units"),
        ([np.ones(2), np.ones((2, 1))], [np.ones(2), ONE], "", "weights1 has 1 dimensions"),
        ([np.ones((2, 1)), np.full((1, 1), np.nan)], [ONE, ONE], "", "weights2 holds NaN"),
        ([np.ones((2, 1)), np.ones((1, 1))], [[np.inf], ONE], "", "biases1 holds NaN"),
        ([np.ones((2, 1)), np.ones((1, 1))], [[2e4], ONE], "", "biases1 holds values beyond"),
        ([np.ones((2, 1)), np.ones((1, 1))], [ONE, ONE], "identity", "no probability"),
        ([np.ones((2, 1)), np.ones((1, 1))], [ONE, ONE], "softmax", "does not go with 1 margins"),
    ],
)
def test_unsound_networks_are_refused(weights, biases, link, message):
    with pytest.raises(ValueError, match=message):
        NetworkModel(weights, biases, link)


def test_a_layer_is_not_too_wide():
    with pytest.raises(ValueError, match="1 to 4096 units"):
        network(1, MAX_WIDTH + 1, 1)


def test_the_largest_network_does_not_overflow():
    large = LARGEST_WEIGHT
    layers = [(MAX_WIDTH, 2), (2, MAX_WIDTH), (MAX_WIDTH, 2)]
    model = NetworkModel(
        [np.full(layer, large) for layer in layers], [np.full(b, large) for _, b in layers]
    )
    matrix = np.full((1, MAX_WIDTH), 1e300)
    assert np.isfinite(model.margins(matrix)).all()
    assert model.probabilities(matrix).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("model.weights1", (0, 0), np.nan), "NaN"),
        (put("model.biases2", 0, 1e9), "biases2 holds values beyond"),
        (replaced("model.weights2", [[1.0]]), "do not fit on each other"),
        (lambda _, arrays: arrays.pop("model.biases2"), "lacks 'biases2'"),
        (lambda _, arrays: arrays.pop("model.weights2"), "do not fit on each other"),
        (lambda header, _: header["model"].update(link="identity"), "no probability"),
        (lambda header, _: header["encoder"].update(max_levels=1), "the encoder writes"),
    ],
)
def test_a_damaged_file_is_refused(change, message, small):
    with pytest.raises(StudentFileError, match=message):
        Student.from_bytes(altered(small[0]["network"], change))


def test_the_file_holds_float32(small):
    _, arrays = unseal(small[0]["network"].to_bytes())
    layers = {name: array for name, array in arrays.items() if name.startswith("model.")}
    assert {array.dtype for array in layers.values()} == {np.dtype("<f4")}
    assert len(layers) == 6


@pytest.mark.parametrize("others", [["linear"], ["tree"], ["additive", "boosted"]])
def test_a_member_of_a_pool_reads_the_scaled_columns(others, people, fit_student):
    table, target = people.drop(columns="bought"), people["bought"]
    members = [fit_student(family, table, target) for family in ("network", *others)]
    student = pool_students(members, Pool.mean(len(members), 2))
    kind = LinearEncoder if others == ["linear"] else JointEncoder
    assert isinstance(student.encoder, kind)
    expected = np.mean([member.predict_proba(table) for member in members], axis=0)
    np.testing.assert_allclose(student.predict_proba(table), expected, atol=1e-9)
    again = Student.from_bytes(student.to_bytes())
    assert again.predict_proba(table).tobytes() == student.predict_proba(table).tobytes()


def test_it_needs_the_scaled_columns(small):
    student = small[0]["network"]
    schema = student.encoder.schema
    with pytest.raises(ValueError, match="the model reads"):
        Student(TreeEncoder(schema, np.zeros(len(schema.columns))), student.model, ["no", "yes"])
    with pytest.raises(DataError, match="lacks the columns"):
        student.predict_one({"a": 1.0})
