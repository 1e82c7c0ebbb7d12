"""A linear margin plus trees, as one student."""

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax

from hpmkd.student import (
    AdditiveModel,
    JointEncoder,
    LinearModel,
    Schema,
    Student,
    TreesModel,
    add,
    fit_encoder,
    pack_booster,
)

STUMP = {
    "roots": [0],
    "features": [0, -1, -1],
    "thresholds": [0.5, 0, 0],
    "left": [1, 0, 1],
    "right": [2, 0, 0],
    "missing_left": [1, 0, 0],
    "leaf_values": [[-1.0], [2.0]],
    "outputs": [0],
    "base_margin": [0.0],
    "link": "sigmoid",
}


def additive(low=(-3.0,), high=(3.0,), **changes):
    return AdditiveModel(
        LinearModel([[1.0], [2.0]], [0.5]), low, high, TreesModel(**STUMP | changes)
    )


def people_and_target(people, n_classes):
    table = people.drop(columns="bought")
    return table, people["bought"] if n_classes == 2 else people["children"]


def awkward(table):
    """The rows, and more of them: unseen categories, holes, outliers."""
    late = table.head(40).copy()
    late["city"] = np.where(np.arange(40) % 3 == 0, "Quito", late["city"])
    late["size"] = late["size"].astype(object)
    late.loc[late.index % 4 == 0, "size"] = "XXL"
    late.loc[late.index % 5 == 0, "age"] = 1e9
    late.loc[late.index % 7 == 0, "age"] = np.nan
    return pd.concat([table.astype({"size": object}), late], ignore_index=True)


def test_by_hand():
    model = additive()
    matrix = np.array([[0, 1, 0.4], [0, 1, 0.5], [1, 0, np.nan], [9, 9, 0], [-9, -9, 1]])
    margins = model.margins(matrix)
    assert margins.dtype == np.float32
    assert margins[:, 0].tolist() == [1.5, 4.5, 0.5, 2.0, -1.0]
    np.testing.assert_allclose(model.probabilities(matrix)[:, 1], expit(margins[:, 0]))
    assert (model.n_classes, model.n_inputs, model.link) == (2, 3, "sigmoid")
    assert model.start(matrix[:, :2])[:, 0].tolist() == [2.5, 2.5, 1.5, 3.0, -3.0]


@pytest.mark.parametrize("n_classes", [2, 4])
def test_margins_are_those_of_a_booster_on_a_base_margin_bit_for_bit(
    n_classes, people, fit_student
):
    table, target = people_and_target(people, n_classes)
    start = fit_student("linear", table, target)
    linear = start.model.margins(start.encoder.transform(table))
    low, high = linear.min(axis=0), linear.max(axis=0)
    encoder = fit_encoder("tree", start.encoder.schema, table)
    codes = np.unique(target, return_inverse=True)[1]
    multi = {"objective": "multi:softprob", "num_class": n_classes}
    parameters = {"objective": "binary:logistic"} if n_classes == 2 else multi

    def given_to_xgboost(rows):
        margin = start.model.margins(start.encoder.transform(rows)).astype(np.float32)
        margin = np.clip(margin, low.astype(np.float32), high.astype(np.float32))
        return xgb.DMatrix(encoder.transform(rows), base_margin=margin.squeeze())

    data = given_to_xgboost(table)
    data.set_label(codes)
    booster = xgb.train({"nthread": 1, "max_depth": 3, "base_score": 0.5, **parameters}, data, 8)
    trees = pack_booster(booster, linear.shape[1], base_margin=np.zeros(linear.shape[1]))
    student = add(start, trees, encoder, low, high)
    rows = awkward(table)
    predicted = student.model.margins(student.encoder.transform(rows))
    expected = booster.predict(given_to_xgboost(rows), output_margin=True).reshape(predicted.shape)
    assert predicted.tobytes() == expected.tobytes()
    probabilities = expit(expected) if n_classes == 2 else softmax(expected, axis=1)[:, 1:]
    np.testing.assert_allclose(student.predict_proba(rows)[:, 1:], probabilities, atol=1e-6)
    assert (predicted != student.model.start(start.encoder.transform(rows))).any()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_file_answers_with_the_same_bits(n_classes, people, fit_student):
    table, target = people_and_target(people, n_classes)
    student = fit_student("additive", table, target)
    again = Student.from_bytes(student.to_bytes())
    rows = awkward(table)
    expected = student.predict_proba(rows)
    assert again.predict_proba(rows).tobytes() == expected.tobytes()
    assert again.to_bytes() == student.to_bytes()
    assert fit_student("additive", table, target).to_bytes() == student.to_bytes()
    for i in (0, 71, len(rows) - 1):
        assert student.predict_proba(rows.iloc[[i]]).tobytes() == expected[i].tobytes()
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    assert student.predict_proba(records).tobytes() == expected.tobytes()


def test_outliers_end_where_training_ended():
    table = {"a": [0.0, 1.0, 2.0, 3.0], "b": [0.0, 3.0, 1.0, 2.0]}
    schema = Schema.fit(table)
    # Each column is clipped by the encoder, but their sum can still leave what was seen.
    start = Student(
        fit_encoder("linear", schema, table), LinearModel([[1.0], [1.0]], [0.0]), ["a", "b"]
    )
    seen = start.model.margins(start.encoder.transform(table))
    low, high = seen.min(axis=0), seen.max(axis=0)
    stump = TreesModel(**STUMP)
    student = add(start, stump, fit_encoder("tree", schema, table), low, high)
    far = {"a": [1e9, -1e9], "b": [1e9, -1e9]}
    assert (start.model.margins(start.encoder.transform(far))[0] > high).all()
    margins = student.model.margins(student.encoder.transform(far))
    assert margins[:, 0].tolist() == [np.float32(high[0]) + 2, np.float32(low[0]) - 1]


def test_trees_cannot_see_the_linear_columns(small):
    students, frame = small
    student = students["additive"]
    width = student.encoder.linear.n_outputs
    matrix = student.encoder.transform(frame)
    alone = student.model.trees.margins(matrix[:, width:])
    start = student.model.start(matrix[:, :width])
    np.testing.assert_allclose(student.model.margins(matrix), start + alone, atol=1e-6)


values = st.floats(-9, 9, width=32)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 4), st.booleans())
def test_any_additive_student_survives_its_file(data, n_margins, holes):
    n_margins = 1 if n_margins == 2 else n_margins
    link = "sigmoid" if n_margins == 1 else "softmax"
    seed = data.draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=30), "b": rng.choice(["x", "y", "z"], 30)})
    if holes:
        frame.loc[:5, "a"] = np.nan
        frame.loc[3:9, "b"] = None
    encoder = fit_encoder("joint", Schema.fit(frame), frame)
    n_trees = data.draw(st.integers(0, 4))
    stumps = 3 * np.arange(n_trees)
    trees = TreesModel(
        roots=stumps,
        features=np.tile([0, -1, -1], n_trees) * rng.integers(1, 2, 3 * n_trees),
        thresholds=rng.normal(size=3 * n_trees),
        left=np.ravel([[s + 1, 2 * i, 2 * i + 1] for i, s in enumerate(stumps)]),
        right=np.ravel([[s + 2, 0, 0] for s in stumps]),
        missing_left=rng.integers(0, 2, 3 * n_trees) * np.tile([1, 0, 0], n_trees),
        leaf_values=rng.normal(size=(2 * n_trees, 1)),
        outputs=rng.integers(0, n_margins, n_trees),
        base_margin=np.zeros(n_margins),
        link=link,
    )
    ends = np.array([data.draw(st.tuples(values, values)) for _ in range(n_margins)])
    weights = rng.normal(size=(encoder.linear.n_outputs, n_margins))
    linear = LinearModel(weights, rng.normal(size=n_margins))
    model = AdditiveModel(linear, ends.min(axis=1), ends.max(axis=1), trees)
    student = Student(encoder, model, [f"c{k}" for k in range(max(2, n_margins))])
    again = Student.from_bytes(student.to_bytes())
    assert again.predict_proba(frame).tobytes() == student.predict_proba(frame).tobytes()
    assert again.to_bytes() == student.to_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": (4.0,)}, "low is above high"),
        ({"low": (0.0, 0.0)}, "low has 2 values for 1 linear margins"),
        ({"low": (np.nan,)}, "low holds NaN"),
        ({"high": (np.inf,)}, "high holds NaN or infinite"),
        ({"high": (1e300,)}, "high holds NaN or infinite"),
        ({"high": 3.0}, "0 dimensions"),
        ({"base_margin": [0.5]}, "need a base margin of 0"),
        ({"base_margin": [0.0] * 3, "link": "softmax"}, "do not go with 1 linear margins"),
        (
            {"link": "identity", "leaf_values": [[1.0], [1.0]]},
            "'identity' do not go with 1 linear margins",
        ),
    ],
    ids=str,
)
def test_parts_that_do_not_go_together_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        additive(**arguments)


def test_matrices_that_do_not_fit_are_refused():
    for shape in ((3, 2), (3,)):
        with pytest.raises(ValueError, match=r"expected \(n, 3 or more\)"):
            additive().margins(np.zeros(shape))
    assert additive().probabilities(np.empty((0, 3))).shape == (0, 2)


def test_only_a_linear_student_can_be_added_to(small, people):
    students, _ = small
    trees, encoder = students["boosted"].model, students["boosted"].encoder
    for family in ("tree", "additive"):
        with pytest.raises(ValueError, match="only to a student with a linear encoder"):
            add(students[family], trees, encoder, [0.0], [0.0])
    other = fit_encoder("tree", Schema.fit(people), people)
    with pytest.raises(ValueError, match="different schemas"):
        add(students["linear"], TreesModel(**STUMP), other, [0.0], [0.0])


def test_kinds_of_encoder_and_model_go_together(small):
    students, _ = small
    joint, linear = students["additive"], students["linear"]
    assert isinstance(joint.encoder, JointEncoder)
    for encoder, model in (
        (joint.encoder, linear.model),
        (joint.encoder, students["boosted"].model),
        (linear.encoder, joint.model),
    ):
        with pytest.raises(ValueError, match="does not go with a model of the kind"):
            Student(encoder, model, [False, True])
    shifted = LinearModel(joint.model.linear.coefficients[1:], [0.0])
    model = AdditiveModel(shifted, joint.model.low, joint.model.high, joint.model.trees)
    with pytest.raises(ValueError, match="the model reads 2 columns, but the encoder writes 3"):
        Student(joint.encoder, model, [False, True])
