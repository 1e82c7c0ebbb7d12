"""The C kernel gives the bits of the numba kernels, and refuses what they refuse."""

from __future__ import annotations

import sys
import threading
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpmkd.kernels.backends import numba
from hpmkd.kernels.packed import ROW_KERNELS
from hpmkd.student import Schema, fit_encoder
from hpmkd.student.columns.plain_rows import UNUSUAL
from hpmkd.student.packed.student import PackedStudent
from tests.kernels.packed_cases import CASES, ODD, Case, rows_of, student_of, table_of
from tests.student.test_packed import trees

_kernel = pytest.importorskip(
    "hpmkd_runtime._kernel", reason="no C kernel is built: pip install ./plugins/hpmkd-runtime"
)
from hpmkd.kernels.backends import c  # noqa: E402 - where the kernel is built

SIZES = (0, 1, 2, 15, 16, 17, 255, 256, 257, 300)


def single(matrix):
    with np.errstate(over="ignore"):
        return matrix.astype(np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_rows_are_answered_with_the_bits_of_numba(case, dtype):
    packed = student_of(case).packed
    words, pooled = packed.words.copy(), packed.pooled
    if pooled and dtype == np.float32:
        return
    rows = single(rows_of(case)) if dtype == np.float32 else rows_of(case)
    for what in ROW_KERNELS[:: 2 if pooled else 1]:
        ours, known = (each.row_kernel(what, dtype, words, pooled=pooled) for each in (c, numba))
        width = packed.n_margins if what == "margins" else packed.n_classes
        for row in rows:
            row = row.copy()
            if what == "code":
                assert ours(row) == known(row)
                continue
            out, expected = np.full((2, width), 7.0)
            assert ours(row, out) == known(row, expected) == 0
            assert out.tobytes() == expected.tobytes()


def layouts(matrix):
    """Return the same rows in every layout of memory."""
    wide = np.zeros((2 * len(matrix), 3 * matrix.shape[1]), matrix.dtype)
    wide[::2, 1::3] = matrix
    backwards = np.ascontiguousarray(matrix[::-1, ::-1])[::-1, ::-1]
    return [matrix, np.asfortranarray(matrix), wide[::2, 1::3], backwards]


@pytest.mark.parametrize("probable", [True, False])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_tables_are_answered_with_the_bits_of_numba(case, probable):
    packed = student_of(case).packed
    words, pooled = packed.words.copy(), packed.pooled
    if pooled and not probable:
        return
    width = packed.n_classes if probable else packed.n_margins
    for matrix in (rows_of(case), *(() if pooled else (single(rows_of(case)),))):
        ours, known = (
            each.table_kernel(matrix.dtype, pooled=pooled, full=True) for each in (c, numba)
        )
        expected = np.full((len(matrix), width), 7.0)
        assert known(matrix, words, probable, expected) == 0
        for given_matrix in layouts(matrix):
            out = np.full((len(matrix), width), 7.0)
            assert ours(given_matrix, words, probable, out) == 0
            assert out.tobytes() == expected.tobytes()
        for n in SIZES:
            out = np.full((n, width), 7.0)
            assert ours(matrix[:n], words, probable, out) == 0
            assert out.tobytes() == expected[:n].tobytes()


ODD_CELLS = (
    *(None, True, False, 0, 1, -7, 2**53 + 1, 10**400, 1.5, float("nan"), float("inf")),
    *("", "low", "x", b"low", np.float64(2.0), np.int64(3), [], "1.5", ()),
)


def dicts_of(case, rng, n=200):
    """Return rows as dicts, some of whose cells are odd or missing, and what is no dict."""
    table = table_of(case)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    for at in rng.integers(0, len(rows), n):
        row = dict(rows[at])
        for name in rng.choice(list(row), rng.integers(0, 4)):
            row[name] = ODD_CELLS[rng.integers(len(ODD_CELLS))]
        if rng.random() < 0.05:
            del row[next(iter(row))]
        yield row
    yield from ({}, None, 3, [1.0], "row", (), rows[0] | {"another": 1})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_dicts_are_answered_as_numba_answers_them(case):
    packed = student_of(case).packed
    reader, words = packed._reader, packed._row_words
    kernels = [
        each.dict_kernel(words, *reader.plan(), pooled=packed.pooled, full=True)
        for each in (c, numba)
    ]
    answers = []
    for row in dicts_of(case, np.random.default_rng(0)):
        if reader.n_parts:
            try:
                row = row, reader.parts_of(row)
            except (*UNUSUAL, AttributeError):
                continue
        ours, known = (kernel(row) for kernel in kernels)
        assert ours == known
        answers.append(ours)
    assert -1 in answers
    assert max(answers) >= 0


@given(st.data())
def test_any_margins_are_linked_alike(data):
    link = data.draw(st.integers(0, 2))
    width = 1 if link == 0 else data.draw(st.integers(1, 5))
    value = st.floats(allow_nan=False) if link < 2 else st.floats(0, 1e300)
    margins = data.draw(
        hnp.arrays(np.float64, (data.draw(st.integers(0, 5)), width), elements=value)
    )
    out, expected = np.full((2, len(margins), 2 if link == 0 else width), 7.0)
    assert c.link_rows(margins, link, out) == numba.link_rows(margins, link, expected) == 0
    assert out.tobytes() == expected.tobytes()


@given(st.data())
def test_any_probabilities_are_fused_alike(data):
    n_members, n, n_classes = (data.draw(st.integers(*span)) for span in ((1, 3), (0, 40), (2, 4)))
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    predicted = draw.random((n_members, n, n_classes)) ** draw.choice([0.1, 1, 30, 1000])
    predicted[draw.random(predicted.shape) < 0.1] = 0.0
    settings = draw.random((n_members, 3)) * 3
    settings[:, 0][draw.random(n_members) < 0.3] = 1.0
    settings[:, 1] *= draw.random() < 0.8
    rest = [*draw.normal(size=n_classes), draw.choice([0.0, 0.4, 1.0]), draw.choice([1.0, 0.7])]
    numbers = np.array([*settings.reshape(-1), *rest])
    out, expected = np.full((2, n, n_classes), 7.0)
    assert c.fuse_rows(predicted, numbers, out) == 0
    assert numba.fuse_rows(predicted, numbers, expected) == 0
    assert out.tobytes() == expected.tobytes()


def test_what_does_not_go_together_is_refused():
    words = student_of(CASES[0]).packed.words.copy()
    table = c.table_kernel(np.float64, pooled=False, full=True)
    for matrix, out in (
        (np.zeros((3, 5)), np.zeros((3, 2))),
        (np.zeros((3, 6)), np.zeros((2, 2))),
        (np.zeros((3, 6)), np.zeros((3, 3))),
        (np.zeros((3, 6), np.int64), np.zeros((3, 2))),
        (np.zeros((3, 6), ">f8"), np.zeros((3, 2))),
        (np.zeros(6), np.zeros((3, 2))),
        (np.zeros((3, 6)), np.zeros((3, 2), np.float32)),
    ):
        assert table(matrix, words, True, out) == -1
        assert not out.any()
    assert table(np.zeros((3, 6)), words[:20], True, np.zeros((3, 2))) == -1
    assert _kernel.pool_table(np.zeros((3, 6)), words, False, np.zeros((3, 1))) == -1
    frozen = np.zeros((3, 2))
    frozen.flags.writeable = False
    for wrong in (frozen, None, np.zeros((2, 3)).T, [0.0]):
        with pytest.raises((TypeError, ValueError, BufferError)):
            table(np.zeros((3, 6)), words, True, wrong)
    assert c.link_rows(np.zeros((2, 3)), 0, np.zeros((2, 2))) == -1
    assert c.link_rows(np.zeros((2, 3)), 7, np.zeros((2, 3))) == -1
    assert c.fuse_rows(np.zeros((2, 3, 2)), np.zeros(9), np.zeros((3, 2))) == -1
    assert c.fuse_rows(np.zeros((2, 3, 2)), np.zeros(10), np.zeros((2, 2))) == -1


def test_only_words_are_bound():
    words = np.zeros(24, np.uint32)
    for wrong in (np.zeros(23, np.uint32), np.zeros(24), np.zeros((24, 1), np.uint32), None, b"a"):
        with pytest.raises(TypeError):
            _kernel.row("code_64", wrong)
        with pytest.raises(TypeError):
            _kernel.read(wrong, (), 0, (), False)
    with pytest.raises(ValueError, match="there is no kernel 'odd_64'"):
        _kernel.row("odd_64", words)
    for columns in ((("a",), 0, ()), ((), 1, ()), ((), -1, ()), ((), 0, ("a",)), ([], 0, ())):
        with pytest.raises(ValueError, match="not those of the words"):
            _kernel.read(words, *columns, False)


@pytest.mark.parametrize("words", [array("I", [0] * 24), memoryview(np.zeros(24, np.uint32))])
def test_words_of_another_buffer_are_not_taken_for_an_array(words):
    """Its memory would be read where an array has its own."""
    with pytest.raises(TypeError, match="a NumPy array of uint32"):
        _kernel.row("code_64", words)
    with pytest.raises(TypeError, match="a NumPy array of uint32"):
        _kernel.read(words, (), 0, (), False)


def test_a_changed_layout_of_arrays_is_noticed():
    with pytest.raises(ImportError, match="lays out its arrays"):
        _kernel.check_layout(np.zeros(3, np.float32), np.zeros(3, np.int64))


def test_a_dict_kernel_keeps_what_it_reads_by():
    case = Case("boosted", "mixed", 2)
    packed = student_of(case).packed
    words = packed._row_words.copy()
    numbers, n_parts, categories = packed._reader.plan()
    kept = [words, *categories[0]]
    before = list(map(sys.getrefcount, kept))
    kernel = c.dict_kernel(words, numbers, n_parts, categories, pooled=False, full=True)
    row = table_of(case).iloc[0].to_dict()
    for _ in range(1000):
        kernel(row)
    assert list(map(sys.getrefcount, kept)) > before
    del kernel
    assert list(map(sys.getrefcount, kept)) == before


def test_a_row_that_changes_while_it_is_read_does_no_harm():
    class Key(str):
        __slots__ = ("row",)
        __hash__ = str.__hash__

        def __eq__(self, other):
            self.row.clear()
            return False

    packed = student_of(Case("boosted", "numbers", 2)).packed
    names = packed._reader.plan()[0]
    kernel = c.dict_kernel(packed._row_words, *packed._reader.plan(), pooled=False, full=True)
    key = Key(names[2])
    row = {names[0]: 1.0, key: 2.0, names[1]: 3.0}
    key.row = row
    assert kernel(row) == -1


def test_threads_answer_tables_at_a_time():
    case = Case("pooled", "mixed", 3)
    packed, matrix = student_of(case).packed, np.tile(rows_of(case), (20, 1))
    words, table = packed.words.copy(), c.table_kernel(np.float64, pooled=True, full=True)
    outs = np.zeros((4, len(matrix), 3))
    threads = [threading.Thread(target=table, args=(matrix, words, True, out)) for out in outs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {out.tobytes() for out in outs} == {outs[0].tobytes()}
    assert outs[0].any()


@settings(max_examples=60)
@given(trees(), hnp.arrays(np.float64, (20, 3), elements=st.sampled_from(ODD)))
def test_any_trees_are_answered_alike(model, rows):
    encoder = fit_encoder("tree", Schema.fit(np.zeros((2, 3))), np.zeros((2, 3)))
    words = PackedStudent(encoder, model).words.copy()
    answers = np.full((2, len(rows), model.n_classes), 7.0)
    for each, out in zip((c, numba), answers, strict=True):
        table = each.table_kernel(np.float64, pooled=False, full=True)
        assert table(rows, words, True, out) == 0
        kernel = each.row_kernel("probabilities", np.float64, words, pooled=False)
        for row, expected in zip(rows, out, strict=True):
            alone = np.empty_like(expected)
            assert kernel(row.copy(), alone) == 0
            assert alone.tobytes() == expected.tobytes()
    assert answers[0].tobytes() == answers[1].tobytes()
