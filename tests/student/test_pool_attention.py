"""Pools whose weights are of each row's own: the formula, the kernels, the file."""

import pickle
import struct
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpmkd.errors import StudentFileError
from hpmkd.student import Pool, PoolAttention, Student, pool_students
from hpmkd.student.file.container import FORMAT_VERSION, WITH_ATTENTION, seal, unseal
from hpmkd.testing.datasets import real_problem
from hpmkd.testing.students import fitted_student, known_student
from tests.student.crafting import arrays_of

POSITIVE = st.floats(0.1, 10)


def attention_of(data, M):
    """Draw attention of M members, whose scores may be as large as they can be."""
    coefficients = data.draw(arrays(float, (M, 3), elements=st.floats(-20, 20)))
    center = data.draw(arrays(float, 3, elements=st.floats(-1, 1)))
    scale = data.draw(arrays(float, 3, elements=st.floats(1e-3, 1)))
    return PoolAttention(center, scale, coefficients)


def pool_of(data, M, K):
    """Draw a pool with attention."""

    def vector(n, values):
        return data.draw(arrays(float, n, elements=values))

    weights = vector(M, st.one_of(st.just(0.0), POSITIVE)) + np.eye(M)[0]
    return Pool(
        vector(M, st.one_of(st.just(1.0), POSITIVE)), weights / weights.sum(),
        vector(M, st.floats(0, 2)), vector(K, st.floats(-2, 2)),
        data.draw(st.sampled_from([0.0, 0.5, 1.0])), data.draw(st.sampled_from([1.0, 0.6, 2.0])),
        attention_of(data, M),
    )  # fmt: skip


def predictions(data, shape):
    """Draw probabilities, some of which are 0, equal, or sure."""
    odds = data.draw(arrays(float, shape, elements=st.sampled_from([0, 1e-12, 0.1, 0.4, 1, 9])))
    odds[:, :, 0] += 1e-3
    return odds / odds.sum(axis=2, keepdims=True)


def by_hand(pool, predicted):
    """Fuse one row after the other, as the docstrings of Pool and PoolAttention say."""
    attention, fused = pool.attention, []
    for row in np.moveaxis(predicted, 1, 0):
        s = np.maximum(row, 1e-15) ** (1 / pool.temperatures[:, np.newaxis])
        s /= s.sum(axis=1, keepdims=True)
        first, second = -np.sort(-s, axis=1)[:, :2].T
        features = np.stack([first, first - second, 1 - (s**2).sum(axis=1)], axis=1)
        z = np.clip((features - attention.center) / attention.scale, -5, 5)
        weights = pool.weights * np.exp((attention.coefficients * z).sum(axis=1))
        weights /= weights.sum()
        product = np.exp(pool.exponents @ np.log(np.maximum(s, 1e-15)) + pool.offsets)
        q = pool.share * weights @ s + (1 - pool.share) * product / product.sum()
        q **= 1 / pool.final_temperature
        fused.append(q / q.sum())
    return np.array(fused)


SHAPES = st.tuples(st.integers(1, 4), st.sampled_from([1, 3, 300]), st.sampled_from([2, 3, 7]))


@settings(deadline=None, max_examples=40)
@given(data=st.data(), shape=SHAPES)
def test_it_is_the_formula_and_the_same_bits_by_every_backend(data, shape):
    M, n, K = shape
    rows = predictions(data, (M, min(n, 5), K))
    predicted = np.ascontiguousarray(rows[:, np.arange(n) % rows.shape[1]])
    pool = pool_of(data, M, K)
    fused = pool.fuse(predicted)
    np.testing.assert_allclose(fused, by_hand(pool, predicted), atol=1e-9, rtol=0)
    np.testing.assert_allclose(fused.sum(axis=1), 1)
    assert pool.fuse(predicted[:, :1]).tobytes() == fused[:1].tobytes()
    for name in ("numba", "numpy", "c"):
        try:
            backend = import_module(f"hpmkd.kernels.backends.{name}")
        except ImportError:
            continue  # hpmkd-runtime is not installed, or was built for other words
        out = np.empty((n, K))
        assert backend.fuse_rows(predicted, pool.numbers(), out) == 0
        assert out.tobytes() == fused.tobytes(), name
        assert backend.fuse_rows(predicted, pool.numbers()[:-1], out) == -1


def test_without_coefficients_it_is_the_static_pool():
    rng = np.random.default_rng(0)
    predicted = rng.dirichlet(np.ones(3), size=(2, 50))
    static = Pool([1, 2], [0.3, 0.7], [1, 0.5], [0, 0.1, 0], 0.5, 1.3)
    none = PoolAttention(np.zeros(3), np.ones(3), np.zeros((2, 3)))
    attended = replace(static, attention=none)
    np.testing.assert_allclose(attended.fuse(predicted), static.fuse(predicted), atol=1e-12)


def test_attention_gives_confident_members_more_weight():
    sure, unsure = [0.98, 0.02], [0.4, 0.6]
    attention = PoolAttention([0.7, 0.4, 0.4], [0.1] * 3, [[1, 0, 0], [1, 0, 0]])
    pool = Pool([1, 1], [0.5, 0.5], [1, 1], [0, 0], attention=attention)
    fused = pool.fuse(np.array([[sure, unsure], [unsure, sure]]))
    assert fused[:, 0].min() > 0.95


GOOD = {"center": [0, 0, 0], "scale": [1, 1, 1], "coefficients": np.zeros((2, 3))}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"center": [0, 0]}, "3 features: max probability, margin, impurity"),
        ({"coefficients": np.zeros((2, 4))}, "3 features"),
        ({"coefficients": np.zeros(3)}, "1 dimensions, expected 2"),
        ({"scale": [1, 0, 1]}, "the scales of attention"),
        ({"scale": [1, np.nan, 1]}, "scale holds NaN"),
        ({"center": [0, -1e7, 0]}, "a center of attention"),
        ({"coefficients": np.full((2, 3), 30)}, "allow a score of 450, expected 300 at most"),
        ({"coefficients": np.full((2, 3), np.inf)}, "coefficients holds"),
    ],
    ids=range(8),
)
def test_what_is_no_attention_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        PoolAttention(**{**GOOD, **change})
    with pytest.raises(ValueError, match="as many temperatures"):
        Pool([1], [1], [1], [0, 0], attention=PoolAttention(**GOOD))


@pytest.fixture(scope="module")
def attended():
    return known_student("attended", "wine", mixed=True)


def test_the_file_holds_it(attended, tmp_path):
    again = Student.load(attended.save(tmp_path / "student.hpmkd"))
    assert again.to_bytes() == attended.to_bytes()
    for name, values in vars(attended.model.pool.attention).items():
        np.testing.assert_array_equal(getattr(again.model.pool.attention, name), values)
    table = fitted_rows()
    assert again.predict_proba(table).tobytes() == attended.predict_proba(table).tobytes()
    moved = pickle.loads(pickle.dumps(attended))
    assert moved.predict_proba(table).tobytes() == attended.predict_proba(table).tobytes()


def fitted_rows():
    return real_problem("wine", True).table


def test_rows_alone_among_others_and_member_by_member(attended):
    table = fitted_rows()
    together = attended.predict_proba(table)
    plain = attended.model.probabilities(attended.encoder.transform(table))
    assert together.tobytes() == plain.tobytes()
    members = attended.model.member_probabilities(attended.encoder.transform(table))
    np.testing.assert_allclose(together, by_hand(attended.model.pool, members), atol=1e-9)
    for i, row in enumerate(table.head(20).to_dict("records")):
        assert attended.predict_proba([row]).tobytes() == together[i].tobytes()
        assert attended.predict_one(row) == attended.classes[together[i].argmax()]


def test_only_readers_that_know_it_read_it(attended):
    def version(student):
        return struct.unpack_from("<H", student.to_bytes(), 8)[0]

    static = known_student("pooled", "wine", mixed=True)
    assert (version(static), version(attended)) == (FORMAT_VERSION, WITH_ATTENTION)
    header, arrays = unseal(attended.to_bytes())
    with pytest.raises(StudentFileError, match="parts that its format version lacks"):
        Student.from_bytes(seal(header, arrays))
    header, arrays = unseal(static.to_bytes())
    assert Student.from_bytes(seal(header, arrays, WITH_ATTENTION)).to_bytes() == static.to_bytes()


def without(name):
    return lambda arrays: arrays.pop(f"model.pool.attention.{name}")


def changed(name, value):
    return lambda arrays: arrays.update({f"model.pool.attention.{name}": np.array(value)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("scale"), "lacks 'scale'"),
        (without("coefficients"), "lacks 'coefficients'"),
        (changed("coefficients", np.zeros((2, 3))), "as many temperatures"),
        (changed("coefficients", np.full((5, 3), 1e6)), "allow a score"),
        (changed("center", [np.nan, 0, 0]), "center holds NaN"),
        (changed("scale", [1, 1, -1]), "the scales of attention"),
        (changed("scale", [[1, 1, 1]]), "2 dimensions"),
    ],
    ids=range(7),
)
def test_crafted_attention_is_refused(change, message, attended):
    header, arrays = unseal(attended.to_bytes())
    arrays = dict(arrays)
    change(arrays)
    with pytest.raises(StudentFileError, match=f"damaged.*{message}"):
        Student.from_bytes(seal(header, arrays, WITH_ATTENTION))


def test_it_costs_a_few_bytes(attended):
    static = known_student("pooled", "wine", mixed=True)
    names = set(arrays_of(attended.to_bytes())) - set(arrays_of(static.to_bytes()))
    assert names == {f"model.pool.attention.{each}" for each in GOOD}
    assert 0 < len(attended.to_bytes()) - len(static.to_bytes()) < 400


def test_students_may_be_pooled_with_it(small):
    students, frame = small
    pool = Pool([1, 1], [0.5, 0.5], [1, 1], [0, 0], attention=PoolAttention(**GOOD))
    both = pool_students([students["linear"], students["tree"]], pool)
    members = [students[each].predict_proba(frame) for each in ("linear", "tree")]
    np.testing.assert_allclose(both.predict_proba(frame), pool.fuse(np.stack(members)), atol=1e-9)
    assert fitted_student("attended", frame, frame["a"] > 0).model.pool.attention.n_members == 5
