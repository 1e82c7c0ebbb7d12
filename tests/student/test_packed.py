import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_digits
from sklearn.tree import DecisionTreeClassifier

from hpmkd.errors import DataError
from hpmkd.student import (
    LinearModel,
    Schema,
    Student,
    TreesModel,
    fit_encoder,
    pack_booster,
    pack_sklearn_tree,
)
from hpmkd.student.packed.answers import answer_table
from hpmkd.student.packed.content import NotPackable
from hpmkd.student.packed.student import PackedStudent
from tests.student import packed_twin as twin

FAMILIES = ("linear", "tree", "boosted", "additive", "network")
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38, 1.0, -1.0, 0.5]


def real_set(name, request):
    """Return table and labels."""
    if name == "digits":
        return load_digits(return_X_y=True)
    data = request.getfixturevalue(name)
    if name == "people":
        return data.drop(columns="bought"), data["bought"].to_numpy()
    return data


def boost(matrix, codes, depth, rounds=9):
    K = codes.max() + 1
    multi = {"objective": "multi:softprob", "num_class": K}
    parameters = {"objective": "binary:logistic"} if K == 2 else multi
    settings = {"nthread": 1, "max_depth": depth, **parameters}
    return xgb.train(settings, xgb.DMatrix(matrix, codes), rounds)


def spoiled(matrix, seed=0):
    """Return rows with some cells missing, infinite, huge or tiny."""
    rng = np.random.default_rng(seed)
    matrix = np.array(matrix[:200])
    holes = rng.random(matrix.shape) < 0.15
    matrix[holes] = rng.choice(ODD, holes.sum())
    return matrix


def one_by_one(packed, rows):
    return np.array([packed.margins(np.array(row)) for row in rows])


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("name", ["cancer", "wine", "digits", "people"])
def test_margins_are_those_of_xgboost_bit_for_bit(name, depth, request):
    table, target = real_set(name, request)
    codes = np.unique(target, return_inverse=True)[1]
    encoder = fit_encoder("tree", Schema.fit(table), table)
    matrix = encoder.transform(table)
    matrix[np.random.default_rng(0).random(matrix.shape) < 0.1] = np.nan
    booster = boost(matrix, codes, depth)
    packed = PackedStudent(
        encoder, pack_booster(booster, 1 if codes.max() == 1 else codes.max() + 1)
    )
    rows = spoiled(matrix, 1)
    # A DMatrix refuses infinities; the in-place way takes them.
    expected = booster.inplace_predict(rows, predict_type="margin").reshape(len(rows), -1)
    for given_rows in (rows, rows.astype(float), np.asfortranarray(rows), rows[::-1][::-1]):
        assert packed.margins_of(given_rows).tobytes() == expected.astype(float).tobytes()
    assert one_by_one(packed, rows).tobytes() == expected.astype(float).tobytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_kernels_for_all_students_and_for_those_of_two_classes_answer_alike(
    family, cancer, fit_student
):
    student = fit_student(family, *cancer)
    packed = student.packed
    assert packed._full == (family == "network")
    rows = [dict(zip(packed.schema.names, row, strict=True)) for row in cancer[0][:40].tolist()]

    def answers():
        ask = packed.asker(("no", "yes"), pytest.fail)
        return packed.predict_proba(cancer[0]).tobytes(), [ask(row) for row in rows]

    expected = answers()
    packed._full = True
    assert answers() == expected


@pytest.mark.parametrize(("name", "stored"), [("cancer", 2), ("wine", 1)])
def test_a_lone_tree_of_two_classes_is_stored_as_one_for_each(name, stored, request, fit_student):
    student = fit_student("tree", *real_set(name, request))
    words = student.packed.words
    assert student.model.n_trees == 1
    assert (words[4], words[23] > 0) == (stored, stored == 1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["cancer", "wine", "people"])
def test_every_way_to_an_answer_gives_the_same_bits(name, family, request, fit_student, by_any):
    table, target = real_set(name, request)
    student = fit_student(family, table, target)
    packed = student.packed
    raw = spoiled(student.encoder.schema.matrix(table))
    rows = raw.astype(packed.dtype)
    together = packed.probabilities_of(rows)
    assert packed.probabilities_of(rows.astype(float)).tobytes() == together.tobytes()
    for i, row in enumerate(rows):
        assert packed.probabilities(row).tobytes() == together[i].tobytes()
        assert packed.code(row) == together[i].argmax()
        np.testing.assert_array_equal(twin.margins(packed.words, row), packed.margins(row))
    encoded = student.encoder.transform(table)
    expected = student.model.probabilities(encoded)
    assert student.predict_proba(table).tobytes() == expected.tobytes()
    np.testing.assert_array_equal(
        packed.margins_of(student.encoder.schema.matrix(table)), student.model.margins(encoded)
    )
    assert packed.probabilities_of(rows[:0]).shape == (0, packed.n_classes)


def any_trees(draw, n_margins, width, depth):
    """Draw trees whose thresholds are odd, by splitting leaves at random."""
    threshold = st.sampled_from([t for t in ODD if not np.isnan(t)])
    column, side = st.integers(0, 2), st.booleans()
    features, thresholds, left, right, missing, leaf_values = [], [], [], [], [], []
    value = st.floats(-8, 8, width=32)

    def grow(level):
        at = len(features)
        for each in (features, thresholds, left, right, missing):
            each.append(0)
        if level == 0 or draw(st.integers(0, 3)) == 0:
            features[at], left[at] = -1, len(leaf_values)
            leaf_values.append([draw(value) for _ in range(width)])
            return at
        features[at], thresholds[at], missing[at] = draw(column), draw(threshold), draw(side)
        left[at] = grow(level - 1)
        right[at] = grow(level - 1)
        return at

    roots = [grow(depth) for _ in range(draw(st.integers(1, 4)))]
    outputs = [draw(st.integers(0, n_margins - 1)) for _ in roots]
    link = "sigmoid" if n_margins == 1 else "softmax"
    base = [draw(value) for _ in range(n_margins)]
    return TreesModel(roots, features, thresholds, left, right, missing, leaf_values, outputs,
                      base, link)  # fmt: skip


@st.composite
def trees(draw):
    n_margins = draw(st.sampled_from([1, 3]))
    width = draw(st.sampled_from([1, n_margins]))
    return any_trees(draw, n_margins, width, draw(st.integers(0, 6)))


@settings(max_examples=150, deadline=None)
@given(trees(), hnp.arrays(np.float32, (5, 3), elements=st.sampled_from(np.float32(ODD).tolist())))
def test_trees_with_odd_thresholds_are_walked_as_they_stand(model, rows):
    encoder = fit_encoder("tree", Schema.fit(np.zeros((2, 3))), np.zeros((2, 3)))
    packed = PackedStudent(encoder, model)
    expected = model.margins(rows).astype(float)
    assert packed.margins_of(rows).tobytes() == expected.tobytes()
    assert one_by_one(packed, rows).tobytes() == expected.tobytes()
    for row, predicted in zip(rows, expected, strict=True):
        assert twin.margins(packed.words, row).tobytes() == predicted.tobytes()


def test_a_tree_of_probabilities(wine):
    X, y = wine
    encoder = fit_encoder("tree", Schema.fit(X), X)
    tree = DecisionTreeClassifier(min_samples_leaf=2, random_state=0).fit(X, y).tree_
    student = Student(encoder, pack_sklearn_tree(tree, tree.value[:, 0, :]), [0, 1, 2])
    rows = X.astype(np.float32)
    together = student.packed.probabilities_of(rows)
    np.testing.assert_allclose(together, tree.value[tree.apply(rows), 0], rtol=1e-6, atol=1e-12)
    for row, predicted in zip(rows, together, strict=True):
        assert student.packed.probabilities(row).tobytes() == predicted.tobytes()
        assert student.packed.code(row) == predicted.argmax()


@pytest.mark.parametrize("n", [1, 255, 256, 257, 700])
@pytest.mark.parametrize("family", FAMILIES)
def test_blocks_end_where_the_rows_end(family, n, small):
    students, frame = small
    packed = students[family].packed
    rows = np.resize(students[family].encoder.schema.matrix(frame), (n, 2))
    alone = np.array([packed.probabilities(row.astype(packed.dtype)) for row in rows])
    assert packed.probabilities_of(rows).tobytes() == alone.tobytes()


@pytest.mark.parametrize("margin", [0.0, -0.0, 1e-17, -1e-17, 1e-7, -1e-7, 800.0, -3e38])
def test_classes_as_close_as_rounding_are_told_apart_by_probability(margin):
    encoder = fit_encoder("tree", Schema.fit(np.zeros((2, 1))), np.zeros((2, 1)))
    leaf = [[0], [-1], [0.0], [0], [0], [0], [[margin]]]
    two = PackedStudent(encoder, TreesModel(*leaf, [0], [0.0], "sigmoid"))
    three = PackedStudent(encoder, TreesModel(*leaf, [1], [0.0, 0.0, -1.0], "softmax"))
    for packed in (two, three):
        row = np.zeros(1, dtype=np.float32)
        assert packed.code(row) == packed.probabilities(row).argmax()


@pytest.mark.parametrize("family", ["boosted", "additive"])
def test_what_does_not_fit_is_refused(family, small):
    packed = small[0][family].packed
    row = packed.encode_row({"a": 1.0, "b": "x"})
    other = np.float64 if packed.dtype == np.float32 else np.float32
    for wrong in (row[:1], np.zeros(3, packed.dtype), row.astype(other), row[None], [1.0, 0.0]):
        for ask in (packed.code, packed.margins, packed.probabilities):
            with pytest.raises(DataError, match=f"expected {packed.dtype} of shape"):
                ask(wrong)
    for out in (np.empty(3), np.empty(2, dtype=np.float32), np.empty(4)[::2], [0.0, 0.0]):
        with pytest.raises(DataError, match="out"):
            packed.probabilities(row, out)
    with pytest.raises(DataError, match=r"of shape \(n, 2\)"):
        packed.probabilities_of(np.zeros((4, 3)))


NO_MATRICES = [
    np.zeros(2), np.zeros((1, 2, 1)), np.zeros((1, 3)), np.zeros((1, 2), dtype=complex),
    np.zeros((1, 2), dtype=object), np.array([["1", "2"]]), np.ma.zeros((1, 2)), [[0.0, 0.0]],
    pd.DataFrame({"a": [1.0], "b": [0.0]}), None, "text", 3.0, np.float64(3),
]  # fmt: skip


@pytest.mark.parametrize("wrong", NO_MATRICES, ids=repr)
@pytest.mark.parametrize("family", ["boosted", "additive", "pooled"])
def test_what_is_no_matrix_of_rows_is_refused(family, wrong, small):
    packed = small[0][family].packed
    requested = [packed.probabilities_of] + ([packed.margins_of] if family != "pooled" else [])
    for ask in requested:
        with pytest.raises(DataError, match=r"expected an array of numbers of shape \(n, 2\)"):
            ask(wrong)


@pytest.mark.parametrize("wrong", [*NO_MATRICES[1:], np.zeros(2, complex)], ids=repr)
@pytest.mark.parametrize("family", ["boosted", "additive", "pooled"])
def test_what_is_no_row_is_refused(family, wrong, small):
    packed = small[0][family].packed
    for ask in (packed.code, packed.probabilities):
        with pytest.raises(DataError, match=rf"expected {packed.dtype} of shape \(2,\)"):
            ask(wrong)


@pytest.mark.parametrize(
    "wrong", [None, 5, [1, 2], "ab", pd.Series({"a": 1.0, "b": "x"})], ids=repr
)
@pytest.mark.parametrize("family", ["boosted", "additive", "pooled"])
def test_what_is_no_mapping_is_refused(family, wrong, small):
    student = small[0][family]
    for ask in (student.predict_one, student.packed.encode_row):
        with pytest.raises(DataError, match="expected a mapping of column names to cells"):
            ask(wrong)


@pytest.mark.parametrize("many", [0, 2**13])
@pytest.mark.parametrize("family", FAMILIES)
def test_rows_answered_alone_or_in_blocks_have_the_same_bits(family, many, small, monkeypatch):
    students, frame = small
    packed = students[family].packed
    expected, margins = packed.predict_proba(frame).tobytes(), packed.margins_of(np.ones((20, 2)))
    monkeypatch.setattr("hpmkd.student.packed.answers.MANY_VALUES", many)
    assert packed.predict_proba(frame).tobytes() == expected
    assert packed.margins_of(np.ones((20, 2))).tobytes() == margins.tobytes()


def test_many_classes_take_no_block_of_rows(in_fresh_process):
    # In a process of its own, for the kernels' memory is not Python's: KiB at the peak.
    source = """
import resource
import numpy as np
from hpmkd.student import Student, TreesModel, fit_encoder, Schema
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
encoder = fit_encoder("tree", Schema.fit(np.zeros((2, 1))), np.zeros((2, 1)))
def silent(K):
    empty = [[]] * 6
    model = TreesModel(*empty, np.empty((0, 1)), [], np.zeros(K), "softmax")
    return Student(encoder, model, np.arange(K))
rows = np.zeros((9, 1))
silent(3).predict_proba(rows)
student = silent(200_000)
before = peak()
assert student.predict_proba(rows).shape == (9, 200_000)
print(peak() - before)
"""
    answer = 9 * 200_000 * 8 / 1024
    assert int(in_fresh_process(source)) < 3 * answer


@pytest.mark.parametrize("family", ["boosted", "additive"])
def test_rows_of_unusual_layout_are_answered_all_the_same(family, small):
    packed = small[0][family].packed
    row = packed.encode_row({"a": 1.0, "b": "x"})
    expected, code = packed.probabilities(row).tobytes(), packed.code(row)
    frozen, spread = row.copy(), np.repeat(row, 2)[::2]
    frozen.flags.writeable = False
    for odd in (frozen, spread, row.astype(row.dtype.newbyteorder())):
        assert packed.probabilities(odd).tobytes() == expected
        assert packed.code(odd) == code
    swapped = np.stack([row, row]).astype(row.dtype.newbyteorder())
    assert packed.probabilities_of(swapped)[1].tobytes() == expected
    out = np.empty(2)
    assert packed.probabilities(row, out) is out


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("n", [1, 3, 30])
@pytest.mark.parametrize("family", ["boosted", "additive"])
def test_a_matrix_whose_rows_are_matrices_is_answered_as_an_array(family, n, small):
    packed = small[0][family].packed
    rows = np.tile(packed.encode_row({"a": 1.0, "b": "x"}), (n, 1))
    expected = packed.probabilities_of(rows)
    for odd in (np.matrix(rows), rows.view(np.recarray)):
        answered = packed.probabilities_of(odd)
        assert answered.tobytes() == expected.tobytes()
        assert type(answered) is np.ndarray


@pytest.mark.parametrize("n", [3, 30])
def test_a_table_that_a_kernel_refuses_is_no_answer(n):
    """Nothing was written then: the answer would be what memory held before."""
    words, matrix = np.zeros(24, dtype=np.uint32), np.zeros((n, 2))
    with pytest.raises(AssertionError, match="no kernel takes float64 of shape"):
        answer_table(matrix, words, 2, 1, pooled=False, full=True)


def test_answers_go_where_they_are_told(small):
    packed = small[0]["boosted"].packed
    row, out = packed.encode_row({"a": 1.0, "b": "x"}), np.empty(1)
    assert packed.margins(row, out) is out
    assert out.tobytes() == packed.margins(row).tobytes()
    assert packed.margins_of(row[None]).tobytes() == out.tobytes()


def test_whole_numbers_and_wide_ones_are_read_as_the_schema_reads_them(cancer, fit_student):
    X, y = cancer
    student = fit_student("boosted", X, y)
    for table in (X.round().astype(np.int64), X.astype(np.float16), X * 1e300, X > 1):
        expected = student.model.probabilities(student.encoder.transform(table))
        assert student.predict_proba(table).tobytes() == expected.tobytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_packed_student_travels_as_its_parts(family, small):
    students, frame = small
    student = students[family]
    student.predict_one({"a": 1.0, "b": "x"})
    again = pickle.loads(pickle.dumps(student))
    assert "_packed" not in vars(again)
    expected = student.predict_proba(frame).tobytes()
    assert again.predict_proba(frame).tobytes() == expected
    packed = pickle.loads(pickle.dumps(student.packed))
    assert packed.predict_proba(frame).tobytes() == expected
    assert not student.packed.words.flags.writeable


def test_threads_share_a_student(small):
    students, frame = small
    student = students["additive"]
    rows = frame.to_dict("records") * 20
    expected = student.predict(frame).tolist() * 20
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(lambda: [student.predict_one(row) for row in rows]) for _ in "four"]
    assert all(answer.result() == expected for answer in answers)


def test_what_cannot_be_packed_answers_all_the_same(monkeypatch, small):
    students, frame = small
    whole = students["boosted"]
    student = Student(whole.encoder, whole.model, ["no", "yes"])

    def refuse(*_):
        raise NotPackable("of another kind")

    monkeypatch.setattr("hpmkd.student.packed.student.pack_words", refuse)
    with pytest.raises(DataError, match="cannot be packed"):
        _ = student.packed
    assert student.predict_proba(frame).tobytes() == whole.predict_proba(frame).tobytes()
    answers = [student.predict_one(row) for row in frame.to_dict("records")]
    assert answers == student.predict(frame).tolist()


def test_trees_of_scaled_columns_and_margins_of_raw_ones_are_not_packed(wine, fit_student):
    X, y = wine
    linear, tree = (fit_encoder(kind, Schema.fit(X), X) for kind in ("linear", "tree"))
    trees = fit_student("boosted", linear.transform(X), y).model
    margin = LinearModel(np.random.default_rng(0).normal(size=(13, 3)) / 100, np.zeros(3))
    for encoder, model in ((linear, trees), (tree, margin)):
        student = Student(encoder, model, [0, 1, 2])
        with pytest.raises(DataError, match="cannot be packed"):
            _ = student.packed
        expected = model.probabilities(encoder.transform(X))
        assert student.predict_proba(X).tobytes() == expected.tobytes()


def test_trees_that_are_too_large_are_not_packed():
    n = 2**15 + 1  # inner nodes of a chain to the left
    features = np.append(np.tile([0, -1], n), -1)
    nodes = np.arange(2 * n + 1)
    left = np.where(features < 0, 0, nodes + 2)
    right = np.where(features < 0, 0, nodes + 1)
    model = TreesModel([0], features, np.zeros(len(nodes)), left, right, np.zeros(len(nodes)),
                       [[0.5]], [0], [0.0], "sigmoid")  # fmt: skip
    encoder = fit_encoder("tree", Schema.fit(np.zeros((2, 1))), np.zeros((2, 1)))
    with pytest.raises(NotPackable, match="too many nodes"):
        PackedStudent(encoder, model)
    student = Student(encoder, model, [0, 1])
    np.testing.assert_allclose(student.predict_proba(np.ones((1, 1)))[0, 1], 1 / (1 + np.exp(-0.5)))


def test_many_leaves_beside_a_deeper_tree_are_not_filled_up():
    # 10,000 trees of one leaf, then one of depth 4: perfect trees would take 46 words each.
    n, leaves = 10_000, np.linspace(-1, 1, 10_005)
    model = TreesModel(
        roots=np.arange(n + 1),
        features=[-1] * n + [0, -1] * 4 + [-1],
        thresholds=[0.0] * n + [0.5, 0, 0.4, 0, 0.3, 0, 0.2, 0, 0],
        left=[*range(n), n + 1, n, n + 3, n + 1, n + 5, n + 2, n + 7, n + 3, n + 4],
        right=[0] * n + [n + 2, 0, n + 4, 0, n + 6, 0, n + 8, 0, 0],
        missing_left=[0] * (n + 9),
        leaf_values=leaves[:, np.newaxis],
        outputs=[0] * (n + 1),
        base_margin=[0.5],
        link="sigmoid",
    )
    table = np.linspace(0, 1, 300)[:, np.newaxis]
    packed = PackedStudent(fit_encoder("tree", Schema.fit(table), table), model)
    assert len(packed.words) < 10 * n
    assert packed.margins_of(table).tobytes() == model.margins(table).astype(float).tobytes()
    assert (
        one_by_one(packed, table[:9].astype("f4")).tolist() == packed.margins_of(table[:9]).tolist()
    )


def test_more_cells_than_a_walk_tells_apart():
    # A stump on each of 66,000 columns: the cell 65,535 is one like all others.
    n = 66_000
    at = np.arange(n)
    stumps = TreesModel(
        roots=3 * at,
        features=np.stack([at, -np.ones(n), -np.ones(n)], axis=1).ravel(),
        thresholds=np.full(3 * n, 0.5),
        left=np.stack([3 * at + 1, 2 * at, 2 * at + 1], axis=1).ravel(),
        right=np.stack([3 * at + 2, 0 * at, 0 * at], axis=1).ravel(),
        missing_left=np.zeros(3 * n),
        leaf_values=np.random.default_rng(0).normal(size=(2 * n, 1)).astype("f4"),
        outputs=np.zeros(n),
        base_margin=[0.0],
        link="sigmoid",
    )
    table = np.random.default_rng(1).random((2, n)).astype("f4")
    packed = PackedStudent(fit_encoder("tree", Schema.fit(table), table), stumps)
    assert packed.margins_of(table).tobytes() == stumps.margins(table).astype(float).tobytes()


def test_a_frame_of_numbers_in_another_order(cancer, fit_student):
    X, y = cancer
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])])
    student = fit_student("boosted", frame, y)
    expected = student.predict_proba(frame).tobytes()
    assert student.predict_proba(frame[frame.columns[::-1]]).tobytes() == expected
    assert student.predict_proba(X).tobytes() == expected
