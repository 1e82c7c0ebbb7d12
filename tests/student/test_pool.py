import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpmkd.errors import StudentFileError
from hpmkd.student import (
    JointEncoder,
    LinearEncoder,
    LinearModel,
    Pool,
    PooledModel,
    Student,
    TreeEncoder,
    pool_students,
)
from hpmkd.student.packed.content import NotPackable
from hpmkd.testing.students import FAMILIES, fitted_student
from tests.student.crafting import altered, put


def by_hand(pool, predicted):
    """Fuse one row after the other, as in the docstring of Pool."""
    fused = []
    for row in np.moveaxis(predicted, 1, 0):
        s = np.maximum(row, 1e-15) ** (1 / pool.temperatures[:, np.newaxis])
        s /= s.sum(axis=1, keepdims=True)
        product = np.exp(pool.exponents @ np.log(np.maximum(s, 1e-15)) + pool.offsets)
        q = pool.share * pool.weights @ s + (1 - pool.share) * product / product.sum()
        q **= 1 / pool.final_temperature
        fused.append(q / q.sum())
    return np.array(fused)


@settings(deadline=None)
@given(data=st.data(), shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(2, 4)))
def test_it_is_the_formula(data, shape):
    M, _, K = shape
    positive = st.floats(0.1, 10)

    def vector(n, values):
        return data.draw(arrays(float, n, elements=values))

    odds = vector(shape, st.one_of(st.just(0.0), st.floats(1e-9, 1)))
    odds[:, :, 0] += 1e-3
    predicted = odds / odds.sum(axis=2, keepdims=True)
    weights = vector(M, positive)
    pool = Pool(
        vector(M, positive),
        weights / weights.sum(),
        vector(M, st.floats(0, 2)),
        vector(K, st.floats(-2, 2)),
        data.draw(st.sampled_from([0.0, 0.5, 1.0])),
        data.draw(positive),
    )
    fused = pool.fuse(predicted)
    np.testing.assert_allclose(fused, by_hand(pool, predicted), atol=1e-9, rtol=0)
    np.testing.assert_allclose(fused.sum(axis=1), 1)
    for i in range(shape[1]):
        assert pool.fuse(predicted[:, i : i + 1]).tobytes() == fused[i].tobytes()


def test_the_mean_is_the_mean():
    predicted = np.random.default_rng(0).dirichlet(np.ones(3), size=(4, 9))
    np.testing.assert_allclose(Pool.mean(4, 3).fuse(predicted), predicted.mean(axis=0), atol=1e-12)
    assert Pool.mean(4, 3).fuse(predicted[:, :0]).shape == (0, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperatures": [1.0]}, "as many temperatures"),
        ({"offsets": [0.0]}, "at least two classes"),
        ({"temperatures": [1.0, 0.0]}, "a temperature is 0.0"),
        ({"temperatures": [1.0, np.nan]}, "temperatures holds NaN"),
        ({"final_temperature": np.nan}, "a temperature is nan"),
        ({"final_temperature": 1e9}, "a temperature is"),
        ({"weights": [0.5, 0.6]}, "not shares that sum to 1"),
        ({"weights": [1.5, -0.5]}, "not shares that sum to 1"),
        ({"exponents": [-0.1, 1.0]}, "an exponent is -0.1"),
        ({"exponents": [1e300, 1.0]}, "an exponent is"),
        ({"offsets": [0.0, -1e7]}, "the size of an offset"),
        ({"share": 1.1}, "the share of the linear pool"),
    ],
    ids=range(12),
)
def test_what_is_no_pool_is_refused(change, message):
    good = {"temperatures": [1, 1], "weights": [0.5, 0.5], "exponents": [1, 1], "offsets": [0, 0]}
    with pytest.raises(ValueError, match=message):
        Pool(**{**good, **change})
    with pytest.raises(ValueError, match=r"expected \(2, n, 2\)"):
        Pool(**good).fuse(np.ones((3, 4, 2)))


@pytest.mark.parametrize("name", ["wine", "cancer", "people"])
def test_it_answers_as_its_members_fused(name, request):
    data = request.getfixturevalue(name)
    if name == "people":
        table, target = data.drop(columns="bought"), data["bought"]
    else:
        table, target = data
    students = [fitted_student(family, table, target) for family in FAMILIES]
    pool = Pool.mean(len(FAMILIES), len(students[0].classes))
    packed = pool_students(students, pool, {"note": 1})
    expected = pool.fuse(np.stack([student.predict_proba(table) for student in students]))
    np.testing.assert_allclose(packed.predict_proba(table), expected, atol=1e-9, rtol=0)
    again = Student.from_bytes(packed.to_bytes())
    assert again.predict_proba(table).tobytes() == packed.predict_proba(table).tobytes()
    assert again.to_bytes() == packed.to_bytes()
    assert len(packed.to_bytes()) < sum(len(student.to_bytes()) for student in students)
    assert dict(again.facts) == {"note": 1}


@pytest.mark.parametrize(
    ("families", "encoder"),
    [
        (["linear", "linear"], LinearEncoder),
        (["tree", "boosted"], TreeEncoder),
        (["tree", "linear"], JointEncoder),
        (["additive", "additive"], JointEncoder),
        (["additive", "tree"], JointEncoder),
        (["linear", "additive"], JointEncoder),
    ],
    ids=str,
)
def test_the_encoder_is_what_the_members_need(families, encoder, small):
    students, frame = small
    members = [students[family] for family in families]
    packed = pool_students(members, Pool.mean(2, 2))
    assert isinstance(packed.encoder, encoder)
    expected = np.mean([member.predict_proba(frame) for member in members], axis=0)
    np.testing.assert_allclose(packed.predict_proba(frame), expected, atol=1e-9)
    assert Student.from_bytes(packed.to_bytes()).to_bytes() == packed.to_bytes()


def test_students_that_do_not_go_together(small):
    students, frame = small
    linear, pool = students["linear"], Pool.mean(2, 2)
    other = fitted_student("linear", frame.assign(a=frame["a"] * 2), frame["a"] > 0)
    renamed = fitted_student("tree", frame.rename(columns={"a": "c"}), frame["a"] > 0)
    numbered = Student(linear.encoder, linear.model, [0, 1])
    for members, message in (
        ([linear, other], "scale their columns differently"),
        ([linear, renamed], "read different columns"),
        ([linear, numbered], "different classes"),
        ([linear, students["pooled"]], "a member of a pool is linear, a network"),
        ([linear] * 3, "3 members in a pool of 2"),
    ):
        with pytest.raises(ValueError, match=message):
            pool_students(members, pool)
    with pytest.raises(ValueError, match="differ in their number of classes"):
        PooledModel((linear.model, students["tree"].model), Pool.mean(2, 3))
    narrow = LinearModel([[1.0]], [0.0])
    with pytest.raises(ValueError, match="different numbers of columns"):
        PooledModel((linear.model, narrow), pool)
    with pytest.raises(ValueError, match="expected"):
        students["pooled"].model.probabilities(np.zeros((2, 3)))


def nested(header, arrays):
    header["model"]["members"][0] = {**header["model"], "members": []}
    del arrays["model.0.coefficients"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (nested, "a pool is a member of a pool"),
        (put("model.pool.weights", 0, 2.0), "not shares"),
        (put("model.pool.temperatures", 0, -1.0), "a temperature"),
        (lambda header, _: header["model"]["pool"].update(share=None), "float"),
        (lambda header, _: header["model"]["pool"].pop("share"), "lacks 'share'"),
        (lambda header, _: header["model"]["members"].pop(), "4 members in a pool of 5"),
        (lambda header, _: header["model"].update(members=4), "no len"),
        (lambda header, _: header["model"].update(link="softmax"), "unknown kind 'pooled'"),
        (lambda _, arrays: arrays.pop("model.0.intercept"), "lacks 'intercept'"),
        (lambda header, _: header["encoder"].update(kind="linear"), "does not go with"),
        (put("model.2.features", 0, 9), "the model reads 10 columns"),
    ],
    ids=range(11),
)
def test_crafted_pools_are_refused(change, message, small):
    with pytest.raises(StudentFileError, match=f"damaged.*{message}"):
        Student.from_bytes(altered(small[0]["pooled"], change))


def test_a_row_alone_is_answered_as_among_others(small):
    students, frame = small
    packed = students["pooled"]
    predicted, labels = packed.predict_proba(frame), packed.predict(frame)
    plain = packed.model.probabilities(packed.encoder.transform(frame))
    assert predicted.tobytes() == plain.tobytes()
    for i, row in enumerate(frame.to_dict("records")):
        assert packed.predict_proba([row]).tobytes() == predicted[i].tobytes()
        assert packed.predict_one(row) == labels[i]
        encoded = packed.packed.encode_row(row)
        assert packed.packed.probabilities(encoded).tobytes() == predicted[i].tobytes()


def test_a_member_that_cannot_be_packed_answers_all_the_same(small, monkeypatch):
    students, frame = small
    expected = students["pooled"].predict_proba(frame)

    def refuse(*_, **__):
        raise NotPackable

    monkeypatch.setattr("hpmkd.student.packed.pool.pack_words", refuse)
    again = Student.from_bytes(students["pooled"].to_bytes())
    np.testing.assert_allclose(again.predict_proba(frame), expected, atol=1e-12)
