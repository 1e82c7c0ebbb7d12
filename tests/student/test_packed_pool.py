import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpmkd.errors import DataError
from hpmkd.student import (
    Pool,
    PooledModel,
    Schema,
    Student,
    TreesModel,
    fit_encoder,
    pool_students,
)
from hpmkd.student.packed.pool import PackedPool
from tests.student import packed_twin as twin
from tests.student.test_packed import ODD, any_trees

MIXES = (
    ("linear", "linear"),
    ("tree", "boosted"),
    ("additive", "linear", "tree"),
    ("network", "boosted", "linear"),
)


@pytest.fixture(scope="module")
def pooled(people, fit_student):
    """Ensembles that need one encoder, the other, and both."""
    table, target = people.drop(columns="bought"), people["bought"]
    made = {}
    for mix in MIXES:
        members = [fit_student(family, table, target) for family in mix]
        pool = Pool(
            np.linspace(0.5, 2, len(mix)), np.full(len(mix), 1 / len(mix)), np.ones(len(mix)),
            [0.1, -0.1], 0.4, 1.5,
        )  # fmt: skip
        made[mix] = pool_students(members, pool)
    return made, table


@pytest.mark.parametrize("mix", MIXES, ids="+".join)
def test_every_way_to_an_answer_gives_the_bits_of_the_model(mix, pooled):
    student, table = pooled[0][mix], pooled[1]
    expected = student.model.probabilities(student.encoder.transform(table))
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    assert student.predict_proba(table).tobytes() == expected.tobytes()
    assert student.predict_proba(rows).tobytes() == expected.tobytes()
    labels = student.classes[expected.argmax(axis=1)].tolist()
    assert [student.predict_one(row) for row in rows] == labels
    packed = student.packed
    assert isinstance(packed, PackedPool)
    for i in range(0, len(rows), 10):
        row = packed.encode_row(rows[i])
        assert packed.probabilities(row).tobytes() == expected[i].tobytes()
        assert packed.code(row) == expected[i].argmax()
    assert packed.predict_proba(table.iloc[:0]).shape == (0, 2)


def test_numbers_reach_the_members_as_they_are(cancer, fit_student):
    X, y = cancer
    members = [fit_student(family, X, y) for family in ("boosted", "additive")]
    student = pool_students(members, Pool.mean(2, 2))
    expected = student.model.probabilities(student.encoder.transform(X))
    assert student.predict_proba(X).tobytes() == expected.tobytes()


def test_odd_rows_take_the_long_way(pooled):
    student, table = pooled[0][MIXES[2]], pooled[1]
    row = {**table.astype(object).iloc[0].to_dict(), "age": "37.5", "children": 2}
    assert student.predict_one(row) == student.predict([{**row, "age": 37.5}])[0]
    assert student.packed.encode_row(row)[0] == 37.5
    with pytest.raises(DataError, match="lacks the columns"):
        student.predict_one({"age": 3})
    for wrong in (np.zeros(3), np.zeros(5, dtype=np.float32), [0.0] * 5):
        with pytest.raises(DataError, match=r"expected float64 of shape \(5,\)"):
            student.packed.probabilities(wrong)


def test_it_travels_as_its_parts(pooled):
    student, table = pooled[0][MIXES[2]], pooled[1]
    expected = student.predict_proba(table).tobytes()
    for again in (pickle.loads(pickle.dumps(student)), pickle.loads(pickle.dumps(student.packed))):
        assert again.predict_proba(table).tobytes() == expected


def test_a_member_that_cannot_be_packed_leaves_the_pool_unpacked(wine, fit_student):
    X, y = wine
    linear = fit_encoder("linear", fit_student("linear", X, y).encoder.schema, X)
    trees = fit_student("boosted", linear.transform(X), y)
    scaled = Student(linear, trees.model, trees.classes)
    student = pool_students([scaled, scaled], Pool.mean(2, 3))
    with pytest.raises(DataError, match="cannot be packed"):
        _ = student.packed
    expected = student.model.probabilities(student.encoder.transform(X))
    assert student.predict_proba(X).tobytes() == expected.tobytes()


def test_an_ensemble_has_no_margins_and_says_so(pooled):
    packed = pooled[0][MIXES[1]].packed
    for ask in (packed.margins, packed.margins_of):
        with pytest.raises(DataError, match=r"no margins: use packed\.probabilities"):
            ask(np.zeros((1, 5)))


@pytest.mark.parametrize("n", [1, 8, 9, 255, 256, 257, 600])
@pytest.mark.parametrize("mix", MIXES, ids="+".join)
def test_blocks_end_where_the_rows_end(mix, n, pooled):
    packed = pooled[0][mix].packed
    rows = np.resize(packed.schema.matrix(pooled[1]), (n, packed.n_columns)).astype(float)
    alone = np.array([packed.probabilities(row) for row in rows])
    assert packed.probabilities_of(rows).tobytes() == alone.tobytes()
    assert packed.probabilities_of(np.asfortranarray(rows)).tobytes() == alone.tobytes()
    narrow = rows.astype(np.float32)
    expected = packed.probabilities_of(narrow.astype(float)).tobytes()
    assert packed.probabilities_of(narrow).tobytes() == expected
    np.testing.assert_allclose(alone[0], twin.pooled(packed.words, rows[0]), atol=1e-12, rtol=0)


def settings_of_a_pool(data, M, K):
    """Draw a pool: either of the two, or both, members with and without temperatures."""

    def vector(n, low, high):
        drawn = st.one_of(st.sampled_from([low, 1.0]), st.floats(low, high))
        return np.array(data.draw(st.lists(drawn, min_size=n, max_size=n)))

    weights = vector(M, 0, 1) + 1e-3
    return Pool(
        vector(M, 0.2, 5), weights / weights.sum(), vector(M, 0, 2), vector(K, -2, 2),
        data.draw(st.sampled_from([0.0, 0.3, 1.0])), data.draw(st.sampled_from([1.0, 0.5, 3.0])),
    )  # fmt: skip


@settings(deadline=None, max_examples=30)
@given(data=st.data(), K=st.sampled_from([2, 3, 10, 26]), M=st.integers(1, 5))
def test_any_pool_of_any_trees(data, K, M):
    width = data.draw(st.sampled_from([1, K])) if K > 2 else 1
    C, widths, depths = 1 if K == 2 else K, st.sampled_from([1, width]), st.integers(0, 5)
    members = [any_trees(data.draw, C, data.draw(widths), data.draw(depths)) for _ in range(M)]
    pool = settings_of_a_pool(data, M, K)
    encoder = fit_encoder("tree", Schema.fit(np.zeros((2, 3))), np.zeros((2, 3)))
    model = PooledModel(tuple(members), pool)
    packed = PackedPool(encoder, model)
    cells = data.draw(hnp.arrays(np.float64, (11, 3), elements=st.sampled_from(ODD)))
    together = packed.probabilities_of(cells)
    assert together.tobytes() == model.probabilities(cells).tobytes()
    np.testing.assert_allclose(together.sum(axis=1), 1)
    for row, predicted in zip(cells, together, strict=True):
        assert packed.probabilities(row).tobytes() == predicted.tobytes()
        assert packed.code(row) == predicted.argmax()
        np.testing.assert_allclose(twin.pooled(packed.words, row), predicted, atol=1e-12, rtol=0)


def test_threads_share_an_ensemble(pooled):
    student, table = pooled[0][MIXES[2]], pooled[1]
    rows = table.astype(object).where(table.notna(), None).to_dict("records") * 20
    expected = student.predict(table).tolist() * 20
    with ThreadPoolExecutor(4) as threads:
        answers = [
            threads.submit(lambda: [student.predict_one(row) for row in rows]) for _ in "four"
        ]
        tables = [threads.submit(student.predict, table) for _ in "four"]
    assert all(answer.result() == expected for answer in answers)
    assert all(answer.result().tolist() == expected[: len(table)] for answer in tables)


@pytest.mark.parametrize("temperature", [1e-6, 1e6])
def test_extreme_temperatures_stay_probabilities(temperature):
    model = any_stump(9.0)
    pool = Pool([temperature, 1.0], [0.5, 0.5], [1e6, 0.0], [1e6, -1e6], 0.5, temperature)
    encoder = fit_encoder("tree", Schema.fit(np.zeros((2, 1))), np.zeros((2, 1)))
    packed = PackedPool(encoder, PooledModel((model, model), pool))
    predicted = packed.probabilities(np.zeros(1))
    assert np.isfinite(predicted).all()
    assert predicted.sum() == pytest.approx(1)


def any_stump(margin):
    """Return a model of one leaf."""
    return TreesModel([0], [-1], [0.0], [0], [0], [0], [[margin]], [0], [0.0], "sigmoid")


def test_members_are_bounded(small):
    tree = small[0]["tree"]
    assert len(pool_students([tree] * 64, Pool.mean(64, 2)).model.members) == 64
    with pytest.raises(ValueError, match="a pool of 65 members: expected at most 64"):
        pool_students([tree] * 65, Pool.mean(65, 2))
