"""NumPy answers to the bits of numba: every family, classes, kinds of columns, odd rows."""

import importlib
from collections import Counter
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from hpmkd.kernels._packed import scalars as loops
from hpmkd.kernels._packed_numpy import scalars, sums, trees
from hpmkd.student import (
    LinearModel,
    NetworkModel,
    Pool,
    Schema,
    Student,
    fit_encoder,
    pack_sklearn_tree,
    pool_students,
)  # fmt: skip
from hpmkd.testing.datasets import dated, real_problem
from hpmkd.testing.students import WITH_ATTENTION, fitted_student, known_student
from hpmkd_defaults.exporters.parity_rows import probe_rows

NUMPY, NUMBA = (
    importlib.import_module(f"hpmkd.kernels.backends.{name}") for name in ("numpy", "numba")
)
DATA = ("breast_cancer", "breast_cancer mixed", "wine", "wine mixed", "dated")


@cache
def student_of(family, data):
    if data == "dated":
        return fitted_student(family, *dated())
    problem, _, mixed = data.partition(" ")
    return known_student(family, problem, bool(mixed))


def rows_of(student, n=700):
    """Return odd rows, encoded, in the dtype of the packed student."""
    packed = student.packed
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(
            packed.schema.matrix(probe_rows(student, n)), dtype=packed.dtype
        )


def table(backend, packed, rows, *, probable=True):
    width = packed.n_classes if probable else packed.n_margins
    out = np.empty((len(rows), width))
    answer = backend.table_kernel(rows.dtype, pooled=packed.pooled, full=True)
    assert answer(rows, packed.words.copy(), probable, out) == 0
    return out


def one_by_one(backend, what, packed, rows, width):
    kernel = backend.row_kernel(what, packed.dtype, packed.words.copy(), pooled=packed.pooled)
    if what == "code":
        return np.array([kernel(np.array(row)) for row in rows])
    out = np.empty((len(rows), width))
    assert all(kernel(np.array(row), target) == 0 for row, target in zip(rows, out, strict=True))
    return out


def check(student, rows=None):
    """Check that tables and rows have the same bits by both."""
    packed, rows = student.packed, rows_of(student) if rows is None else rows
    for given_rows in (rows, np.asfortranarray(rows[::-1])):
        expected = table(NUMBA, packed, given_rows)
        assert table(NUMPY, packed, given_rows).tobytes() == expected.tobytes()
    few, ways = rows[:60], {"code": 0, "probabilities": packed.n_classes}
    if not packed.pooled:
        expected = table(NUMBA, packed, rows, probable=False)
        assert table(NUMPY, packed, rows, probable=False).tobytes() == expected.tobytes()
        ways["margins"] = packed.n_margins
    for what, width in ways.items():
        expected = one_by_one(NUMBA, what, packed, few, width)
        assert one_by_one(NUMPY, what, packed, few, width).tobytes() == expected.tobytes()


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("family", WITH_ATTENTION)
def test_every_family_on_every_kind_of_columns(family, data):
    check(student_of(family, data))


@pytest.mark.parametrize("n_rows", [0, 1, 2, 63, 64, 65, 511, 512, 513])
def test_tables_of_any_length(n_rows):
    student = student_of("pooled", "wine mixed")
    rows = rows_of(student)[:n_rows]
    expected = table(NUMBA, student.packed, rows)
    assert table(NUMPY, student.packed, rows).tobytes() == expected.tobytes()


@pytest.mark.parametrize("n_trees", [1, 3, 40])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("vectors", [False, True])
def test_trees_of_any_depth(depth, n_trees, vectors):
    check(forest(depth, n_trees, vectors))


@cache
def forest(depth, n_trees, vectors):
    """Return trees on the wine: of one value in a leaf, margins in turn, or of vectors."""
    problem = real_problem("wine")
    encoder = fit_encoder("tree", Schema.fit(problem.table), problem.table)
    matrix, rng = encoder.transform(problem.table), np.random.default_rng(depth)
    parts = []
    for seed in range(n_trees):
        drawn = rng.integers(0, len(matrix), len(matrix))
        grown = DecisionTreeClassifier(max_depth=depth, random_state=seed)
        parts.append(grown.fit(matrix[drawn], problem.labels[drawn]).tree_)
    models = [pack_sklearn_tree(each, each.value[:, 0, :]) for each in parts]
    return Student(encoder, summed(models, vectors), problem.classes)


def summed(models, vectors):
    """Put trees behind each other as a sum of three margins."""
    from hpmkd.student import TreesModel

    counts = np.cumsum([0, *(len(each.features) for each in models)])
    leaves = np.cumsum([0, *(len(each.leaf_values) for each in models)])
    left, right = [], []
    for each, node, leaf in zip(models, counts, leaves, strict=False):
        is_leaf = each.features < 0
        left.append(each.left + np.where(is_leaf, leaf, node))
        right.append(each.right + np.where(is_leaf, 0, node))
    values = np.concatenate([each.leaf_values for each in models])
    rng = np.random.default_rng(0)
    return TreesModel(
        roots=np.concatenate([each.roots + at for each, at in zip(models, counts, strict=False)]),
        features=np.concatenate([each.features for each in models]),
        thresholds=np.concatenate([each.thresholds for each in models]),
        left=np.concatenate(left),
        right=np.concatenate(right),
        missing_left=rng.integers(0, 2, counts[-1]),
        leaf_values=values - 1 / 3 if vectors else values[:, :1] - 1 / 3,
        outputs=rng.integers(0, 3, len(models)),
        base_margin=[0.1, -0.2, -0.0],
        link="softmax",
    )


@pytest.mark.parametrize("sizes", [(1,), (3,), (4,), (7, 2), (300, 290)])
@pytest.mark.parametrize("problem", ["breast_cancer", "wine"])
def test_networks_of_any_size(problem, sizes):
    found = real_problem(problem, mixed=True)
    encoder = fit_encoder("linear", Schema.fit(found.table), found.table)
    n_margins, rng = 1 if problem == "breast_cancer" else 3, np.random.default_rng(0)
    layers = (encoder.n_outputs, *sizes, n_margins)
    weights = [rng.normal(size=shape) for shape in pairwise(layers)]
    model = NetworkModel(weights, [rng.normal(size=size) for size in layers[1:]])
    check(Student(encoder, model, found.classes))


def test_a_wide_linear_student_of_many_classes():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(80, 300)) * 10.0 ** rng.integers(-200, 200, 300)
    encoder = fit_encoder("linear", Schema.fit(rows), rows)
    model = LinearModel(rng.normal(size=(encoder.n_outputs, 40)), rng.normal(size=40))
    check(Student(encoder, model, np.arange(40)), np.concatenate([rows, -rows * 1e5]))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
def test_pools_of_any_settings(share, temperature):
    members = [student_of(family, "wine mixed") for family in ("tree", "linear", "boosted")]
    offsets, weights = [0.5, 0.0, -1.0], [0.0, 0.6, 0.4]
    pool = Pool([1.0, 0.5, 1e-3], weights, [0.0, 1.0, 2.5], offsets, share, temperature)
    check(pool_students(members, pool))


@pytest.mark.parametrize("link", [0, 1, 2])
def test_links(link):
    rng = np.random.default_rng(link)
    margins = rng.normal(size=(400, 1 if link == 0 else 7)) * 10.0 ** rng.integers(-9, 9, (400, 1))
    margins[:9] = np.array([0, -0.0, 1e308, -1e308, 700, -750, np.inf, -np.inf, 1e-300])[:, None]
    margins = abs(margins[9:]) if link == 2 else margins
    out = np.empty((2, len(margins), 2 if link == 0 else 7))
    assert NUMPY.link_rows(margins, link, out[0]) == NUMBA.link_rows(margins, link, out[1]) == 0
    assert out[0].tobytes() == out[1].tobytes()
    assert NUMPY.link_rows(margins, link, out[0, :5]) == -1


def test_fusing_refuses_other_shapes():
    for shape, size, out in (((2, 5, 3), 12, (5, 3)), ((2, 5, 3), 11, (4, 3))):
        kernels = [each.fuse_rows for each in (NUMPY, NUMBA)]
        given_arrays = (np.ones(shape), np.ones(size), np.empty(out))
        assert [kernel(*given_arrays) for kernel in kernels] == [-1, -1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-800, 800), min_size=1, max_size=50))
def test_exponentials_and_logarithms(numbers):
    x = np.array([*numbers, 0.0, -0.0, 1e300, -1e300])
    assert scalars.vexp(x).tolist() == [loops.vexp(each) for each in x]
    positive = np.abs(x[x != 0.0]).clip(scalars.TINY)
    assert scalars.vlog(positive).tolist() == [loops.vlog(each) for each in positive]


@pytest.mark.parametrize("n", [1, 63, 64, 5000])
def test_sums_grow_term_by_term(n):
    terms = np.random.default_rng(n).normal(size=(400, n)).astype(np.float32) * np.float32(1e3)
    total = np.zeros(n, np.float32)
    for term in terms:
        total = total + term
    assert sums.add_in_order(np.zeros(n, np.float32), terms).tobytes() == total.tobytes()


@pytest.mark.parametrize(("n", "size", "multiple"), [(0, 5, 1), (10, 10**9, 1), (10, 10**9, 4)])
def test_parts_cover_all_and_are_whole_multiples(n, size, multiple):
    cut = list(sums.parts(n, size, multiple))
    assert np.concatenate([np.arange(n)[each] for each in cut] or [[]]).tolist() == list(range(n))
    assert all(each.start % multiple == 0 for each in cut)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_the_leaf_by_its_bits_is_that_of_the_walk(depth):
    leaf_of, rng = trees._leaf_of(depth), np.random.default_rng(depth)
    for passed in rng.integers(0, len(leaf_of), 200).tolist():
        at = 0
        for _ in range(depth):
            at = 2 * at + (1 if passed >> at & 1 else 2)
        assert leaf_of[passed] == at - (2**depth - 1)


@pytest.mark.parametrize("family", ["boosted", "pooled"])
@pytest.mark.parametrize("data", ["wine mixed", "dated"])
def test_dicts(family, data):
    student = student_of(family, data)
    reader = student.packed._reader
    frame = probe_rows(student, 80)
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    name, odd = next(iter(plain[0])), [1, True, 2.5, "text", "7", 10**400, b"x", None, np.float64]
    rows = [*plain, *({**plain[0], name: cell} for cell in odd), {}, None, [1], Counter(plain[0])]
    words = student.packed._row_words
    kernels = [
        each.dict_kernel(words, *reader.plan(), pooled=student.packed.pooled, full=True)
        for each in (NUMPY, NUMBA)
    ]
    for row in rows:
        given_row = (row, (0.5,) * reader.n_parts) if reader.n_parts else row
        assert kernels[0](given_row) == kernels[1](given_row)
