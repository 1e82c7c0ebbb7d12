import pickle

import numpy as np
import pytest

from hpmkd.errors import DataError
from hpmkd.student import Pool, Student, fit_encoder, pool_students
from hpmkd.student.packed.pool import PackedPool

MIXES = (("linear", "linear"), ("tree", "boosted"), ("additive", "linear", "tree"))


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


@pytest.mark.parametrize("at_once", [1, 7, 40, 2**20])
def test_how_many_rows_are_fused_at_once_changes_nothing(at_once, pooled, monkeypatch):
    student, table = pooled[0][MIXES[2]], pooled[1]
    expected = student.predict_proba(table).tobytes()
    monkeypatch.setattr("hpmkd.student.packed.pool.AT_ONCE", at_once)
    assert student.predict_proba(table).tobytes() == expected


def test_members_are_bounded(small):
    tree = small[0]["tree"]
    assert len(pool_students([tree] * 64, Pool.mean(64, 2)).model.members) == 64
    with pytest.raises(ValueError, match="a pool of 65 members: expected at most 64"):
        pool_students([tree] * 65, Pool.mean(65, 2))
