"""Numbers far from zero: single precision keeps their differences, wherever a student answers."""

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from sklearn.tree import DecisionTreeClassifier

from hpmkd.report.rule_text import tree_text
from hpmkd.student import (
    AdditiveModel,
    LinearModel,
    Pool,
    Schema,
    Student,
    TreeEncoder,
    fit_encoder,
    pack_booster,
    pack_sklearn_tree,
    pool_students,
)
from hpmkd.student.encoders import encoder_from_parts
from hpmkd.student.encoders.offsets import float32_offsets
from hpmkd.student.explain.conditions import cut_at
from hpmkd.student.explain.rules import rules
from tests.student import packed_twin as twin

NOON = 1_718_000_000_000  # milliseconds since 1970


def moments(n=400, seed=0):
    """Return rows whose class follows from seconds, which float32 does not tell apart."""
    rng = np.random.default_rng(seed)
    at = NOON + rng.integers(0, 60_000, n)
    size = rng.normal(size=n)
    size[::9] = np.nan
    return pd.DataFrame({"size": size, "at": at}), (at - NOON > 31_234).astype(int)


def tree(table, labels, depth=3):
    encoder = fit_encoder("tree", Schema.fit(table), table)
    fitted = DecisionTreeClassifier(max_depth=depth, random_state=0)
    fitted.fit(encoder.transform(table), labels)
    return Student(
        encoder, pack_sklearn_tree(fitted.tree_, fitted.tree_.value[:, 0, :]), ["no", "yes"]
    )


def boosted(table, labels, depth=3):
    encoder = fit_encoder("tree", Schema.fit(table), table)
    matrix = xgb.DMatrix(encoder.transform(table), label=labels)
    settings = {"objective": "binary:logistic", "max_depth": depth, "base_score": 0.5}
    booster = xgb.train(settings, matrix, num_boost_round=5)
    return Student(encoder, pack_booster(booster, 1), ["no", "yes"])


def additive(table, labels):
    encoder = fit_encoder("joint", Schema.fit(table), table)
    width = encoder.linear.n_outputs
    matrix = encoder.transform(table)[:, width:]
    settings = {"objective": "binary:logistic", "max_depth": 2, "base_score": 0.5}
    booster = xgb.train(settings, xgb.DMatrix(matrix, label=labels), num_boost_round=5)
    linear = LinearModel(np.full((width, 1), 0.1), [0.0])
    model = AdditiveModel(linear, [-1.0], [1.0], pack_booster(booster, 1))
    return Student(encoder, model, ["no", "yes"])


def pooled(table, labels):
    return pool_students([boosted(table, labels), additive(table, labels)], Pool.mean(2, 2))


STUDENTS = pytest.mark.parametrize("make", [tree, boosted, additive, pooled])


class TestOffsets:
    @pytest.mark.parametrize(
        "cells",
        [
            np.arange(100.0),
            np.linspace(1990, 2024, 35),
            np.linspace(0, 1, 1001),
            1000 + np.arange(100) / 100,
            np.full(50, 1.7e12 + 1),
            np.full(50, np.nan),
            NOON * np.random.default_rng(0).random(500),
            np.array([]),
        ],
        ids=["counts", "years", "shares", "prices", "constant", "missing", "wide", "no rows"],
    )
    def test_what_loses_nothing_is_left_as_it_is(self, cells):
        assert float32_offsets(cells[:, None]).tolist() == [0]

    def test_large_numbers_have_a_cell_of_theirs(self):
        at = moments()[0][["at"]].to_numpy(float)
        (offset,) = float32_offsets(at)
        assert offset in at
        assert len(np.unique(at)) == len(np.unique((at - offset).astype(np.float32)))

    def test_odd_cells_do_not_count(self):
        at = moments()[0]["at"].to_numpy(float)
        odd = np.concatenate([at, [np.nan, np.inf, -np.inf, 0.0, 1e300]])
        (offset,) = float32_offsets(odd[:, None])
        assert NOON <= offset <= NOON + 60_000


class TestEncoder:
    def test_cells_are_shifted_in_double_precision(self):
        table, _ = moments()
        encoder = fit_encoder("tree", Schema.fit(table), table)
        matrix = encoder.transform(table)
        assert matrix.dtype == np.float32
        assert encoder.offsets[0] == 0
        np.testing.assert_array_equal(matrix[:, 1], table["at"] - encoder.offsets[1])
        again = encoder_from_parts(encoder.to_json(), encoder.arrays())
        np.testing.assert_array_equal(again.transform(table), matrix)

    def test_a_student_without_offsets_stores_none(self):
        table, _ = moments()
        encoder = fit_encoder("tree", Schema.fit(table[["size"]]), table[["size"]])
        assert encoder.arrays() == {}

    @pytest.mark.parametrize("offsets", [[1.0], [0.0, np.nan], [[0.0, 1.0]]])
    def test_odd_offsets_are_refused(self, offsets):
        with pytest.raises(ValueError, match="offsets"):
            TreeEncoder(Schema.fit(moments()[0]), offsets)


class TestStudents:
    @STUDENTS
    def test_seconds_are_told_apart(self, make):
        table, labels = moments()
        later, truth = moments(seed=1)
        assert ((make(table, labels).predict(later) == "yes") == truth).mean() > 0.98

    @STUDENTS
    def test_every_way_to_ask_gives_one_answer(self, make):
        table, labels = moments(100)
        student = make(table, labels)
        student = Student.from_bytes(student.to_bytes())
        expected = student.model.probabilities(student.encoder.transform(table))
        packed = student.packed
        assert packed.dtype == np.float64
        rows = table.to_dict("records")
        np.testing.assert_allclose(student.predict_proba(table), expected, rtol=1e-13)
        np.testing.assert_allclose(student.predict_proba(rows[:3]), expected[:3], rtol=1e-13)
        alone = [packed.probabilities(packed.encode_row(row)) for row in rows]
        np.testing.assert_allclose(alone, expected, rtol=1e-13)
        plain = twin.pooled if packed.pooled else twin.probabilities
        for row, p in zip(table.to_numpy(float)[:20], expected, strict=False):
            np.testing.assert_allclose(plain(packed.words, row), p, rtol=1e-10)
        assert [student.predict_one(row) for row in rows] == student.predict(table).tolist()

    def test_students_that_subtract_differently_are_not_pooled(self):
        one, two = (tree(*moments(seed=seed)) for seed in (0, 1))
        assert one.encoder.offsets[1] != two.encoder.offsets[1]
        with pytest.raises(ValueError, match="different offsets"):
            pool_students([one, two], Pool.mean(2, 2))


class TestRules:
    def test_conditions_are_of_cells_as_they_come(self):
        table, labels = moments()
        student = tree(table, labels, depth=1)
        first, _ = rules(student, None)
        (below,) = first["if"]
        assert below["offset"] == student.encoder.offsets[1]
        cut = below.get("at_most", below.get("below"))
        assert NOON + 31_000 < cut < NOON + 31_500
        text = "\n".join(tree_text(student, "tree", None, "rows"))
        assert f"at <= {cut_at(student.model.thresholds[0].item(), below['offset'])}" in text

    @pytest.mark.parametrize("offset", [1.7e12, -1.7e12, 1.7e9 + 0.25, 123456789.125, 1e15])
    @pytest.mark.parametrize("threshold", [0.3, -0.3, 500.5, 1e-9, 4.1e10, -123456.79, 0.0])
    def test_no_cut_is_moved(self, threshold, offset):
        at = np.float32(threshold)
        cut = cut_at(float(at), offset)
        xs = np.array([cut.value, offset + threshold])
        for _ in range(4):
            xs = np.unique([np.nextafter(xs, -np.inf), xs, np.nextafter(xs, np.inf)])
        cells = (xs - offset).astype(np.float32)
        bound = np.float32(cut.value - offset)
        np.testing.assert_array_equal(cells <= bound if cut.closed else cells < bound, cells < at)
        assert float(str(cut)) == cut.value


@STUDENTS
def test_onnx_agrees(make):
    runtime = pytest.importorskip("onnxruntime")
    from hpmkd_defaults.exporters.onnx.student import to_onnx

    table, labels = moments(100)
    student = make(table, labels)
    session = runtime.InferenceSession(to_onnx(student).SerializeToString())
    inputs = {name: table[[name]].to_numpy(float) for name in table}
    _, found = session.run(None, inputs)
    np.testing.assert_allclose(found, student.predict_proba(table), atol=1e-6)
