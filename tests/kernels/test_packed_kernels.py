import sys

import numpy as np
import pytest

import hpmkd.kernels
from hpmkd.kernels.packed import ROW_KERNELS, link_rows, row_kernel, table_kernel

pytestmark = pytest.mark.usefixtures("by_any")

# Two columns, one margin, no trees, no linear part: the smallest there is.
WORDS = np.zeros(24, dtype=np.uint32)
WORDS[:2] = 2, 1


def numpy_link(margins, link):
    z = np.clip(margins, -1e300, 1e300)
    if link == 0:
        z, link = np.hstack([np.zeros_like(z), z]), 1
    odds = np.exp(z - z.max(axis=1, keepdims=True)) if link == 1 else z
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("link", [0, 1, 2])
def test_links_are_the_formula(link):
    rng = np.random.default_rng(link)
    margins = rng.normal(size=(300, 1 if link == 0 else 5)) * 10.0 ** rng.integers(-3, 3, (300, 1))
    margins = abs(margins) if link == 2 else margins
    n_classes = 2 if link == 0 else 5
    predicted = link_rows(margins, link, n_classes)
    np.testing.assert_allclose(predicted, numpy_link(margins, link), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(predicted.sum(axis=1), 1.0)


@pytest.mark.parametrize("z", [np.inf, -np.inf, 1e308, 750.0, -750.0, 0.0])
def test_margins_without_bounds_have_probabilities(z):
    np.testing.assert_allclose(link_rows(np.array([[z]]), 0, 2), numpy_link(np.array([[z]]), 0))
    three = np.array([[z, 0.0, z]])
    np.testing.assert_allclose(link_rows(three, 1, 3), numpy_link(three, 1), atol=1e-300)


def test_links_refuse_other_shapes():
    with pytest.raises(ValueError, match="do not go with 3 classes"):
        link_rows(np.zeros((4, 2)), 1, 3)
    with pytest.raises(ValueError, match="do not go with 2 classes"):
        link_rows(np.zeros((4, 2)), 0, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("what", ROW_KERNELS)
def test_a_row_of_another_size_is_not_read(what, dtype):
    kernel = row_kernel(what, dtype, WORDS)
    out = np.full(1 if what == "margins" else 2, 7.0)
    rest = () if what == "code" else (out,)
    answered = kernel(np.zeros(2, dtype), *rest)
    # Without trees and a linear part, as no student is, no margin is written: any class is right.
    assert answered in ((0, 1) if what == "code" else (0,))
    out[:] = 7.0
    for row in (np.zeros(1, dtype), np.zeros(3, dtype)):
        assert kernel(row, *rest) == -1
    if rest:
        assert kernel(np.zeros(2, dtype), np.zeros(3)) == -1
    assert (out == 7.0).all()


class Odd(np.ndarray):
    """No plain array, whatever it holds."""


def no_rows(dtype):
    """Return what is no array of two cells of a dtype, one reason each."""
    other = np.float64 if dtype == np.float32 else np.float32
    of_its_size = np.int32 if dtype == np.float32 else np.int64
    unaligned = np.frombuffer(bytes(17), np.uint8)[1:].view(dtype)[:2]
    return [
        np.zeros(2, other), np.zeros((2, 1), dtype), np.zeros((1, 2), dtype), np.zeros((), dtype),
        np.zeros(4, dtype)[::2], np.zeros(2, dtype)[::-1], np.zeros(2, of_its_size), unaligned,
        np.zeros(2, dtype).astype(np.dtype(dtype).newbyteorder()), np.zeros(2, dtype).view(Odd),
        np.ma.zeros(2, dtype), np.zeros(2, object), np.zeros(2, "M8[s]"), dtype(0),
        [0.0, 0.0], (0.0, 0.0), None, 0, 0.0, "ab", b"ab", {}, object(), np.ndarray, WORDS,
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("what", ROW_KERNELS)
def test_what_is_no_row_is_not_read(what, dtype):
    kernel = row_kernel(what, dtype, WORDS)
    out = np.full(1 if what == "margins" else 2, 7.0)
    for wrong in no_rows(dtype):
        assert kernel(wrong, *(() if what == "code" else (out,))) == -1
    assert (out == 7.0).all()


@pytest.mark.parametrize("what", ["margins", "probabilities"])
def test_what_cannot_be_written_to_is_not(what):
    kernel = row_kernel(what, np.float64, WORDS)
    size, row = 1 if what == "margins" else 2, np.zeros(2)
    frozen = np.zeros(size)
    frozen.flags.writeable = False
    for wrong in (frozen, np.zeros(3), np.zeros(size, np.float32), [0.0] * size, None):
        assert kernel(row, wrong) == -1
    assert kernel(row) == kernel() == kernel(row, np.zeros(size), None) == -1
    assert kernel(row, np.zeros(size)) == 0


def test_a_kernel_keeps_its_words():
    words = WORDS.copy()
    before = sys.getrefcount(words)
    kernel = row_kernel("code", np.float64, words)
    assert sys.getrefcount(words) == before + 1
    for _ in range(1000):
        kernel(np.zeros(2))
    del kernel
    assert sys.getrefcount(words) == before


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tables_of_another_size_are_not_read(dtype, full):
    def kernel(*arguments):
        return table_kernel(dtype, full=full)(*arguments)

    assert kernel(np.zeros((3, 2), dtype), WORDS, False, np.empty((3, 1))) == 0
    for shape, out in (((3, 1), (3, 1)), ((3, 2), (2, 1)), ((3, 2), (3, 2))):
        assert kernel(np.zeros(shape, dtype), WORDS, False, np.empty(out)) == -1
    assert kernel(np.zeros((3, 2), dtype), WORDS, True, np.empty((3, 1))) == -1


def test_kernels_are_found_by_name():
    assert all(callable(getattr(hpmkd.kernels, name)) for name in hpmkd.kernels.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'sofen'"):
        _ = hpmkd.kernels.sofen
