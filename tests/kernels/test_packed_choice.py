"""Which kernels answer for packed students: C, numba or NumPy."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from hpmkd.errors import KernelsError
from hpmkd.kernels import background, packed, warming

#: The first answer by a student, and what was loaded for it.
FIRST = """
import sys
import numpy as np
from hpmkd.kernels import packed
words = np.zeros(24, np.uint32)
words[:2] = 2, 1
packed.row_kernel("code", np.float64, words)(np.zeros(2))
packed.link_rows(np.zeros((3, 1)), 0, 2)
print(packed.backend_name(), *({"numba", "multiprocessing"} & set(sys.modules)))
"""


@pytest.fixture
def without(monkeypatch):
    """Return a function that hides kernels, as where they are not installed."""

    def without(*names):
        for name in names:
            monkeypatch.setitem(sys.modules, f"hpmkd.kernels.backends.{name}", None)

    return without


def test_c_answers_without_numba(in_fresh_process):
    pytest.importorskip("hpmkd_runtime._kernel", reason="pip install ./plugins/hpmkd-runtime")
    assert in_fresh_process(FIRST) == "c"


def test_numba_answers_where_there_is_no_c(choose, without):
    without("c")
    choose("")
    assert packed.backend_name() == "numba"


def test_one_is_forced(choose):
    choose("numba")
    assert packed.backend_name() == "numba"


def test_an_unknown_one_is_refused(choose):
    choose("nunba")
    with pytest.raises(KernelsError, match=r"HPMKD_KERNELS='nunba'.*did you mean 'numba'\?"):
        packed.backend()


def test_one_that_is_not_there_is_refused(choose, without):
    without("c")
    choose("c")
    with pytest.raises(KernelsError, match="C compiler, or hpmkd with numba, or unset HPMKD_KERN"):
        packed.backend()


def test_where_none_is_there_it_is_said_why(choose, without):
    without(*packed.BACKENDS)
    choose("")
    with pytest.raises(KernelsError, match=r"no kernels are usable .*\(c: .*; numba: .*; numpy: "):
        packed.backend()


@pytest.mark.parametrize(
    ("beyond", "said"),
    [
        (
            1,
            f"words of format {packed.WORDS_FORMAT + 1}, these are of {packed.WORDS_FORMAT}: "
            "install the hpmkd",
        ),
        (0, "no attribute 'check_layout': install the hpmkd-runtime of this hpmkd"),
    ],
)
def test_a_kernel_of_another_version_is_not_used(beyond, said, choose, monkeypatch):
    other = ModuleType("hpmkd_runtime._kernel")
    other.WORDS_FORMAT = packed.WORDS_FORMAT + beyond
    package = ModuleType("hpmkd_runtime")
    package._kernel = other
    monkeypatch.setitem(sys.modules, "hpmkd_runtime", package)
    monkeypatch.delitem(sys.modules, "hpmkd.kernels.backends.c", raising=False)
    choose("c")
    with pytest.raises(KernelsError, match=said):
        packed.backend()
    choose("")
    assert packed.backend_name() == "numba"


def test_only_what_numba_answers_is_compiled_ahead(choose, monkeypatch):
    choose("numba")
    assert len(background.groups(full=True)) == 6
    every = [name for name, _ in warming.steps()]
    answering = ModuleType("c")
    answering.COMPILES = False
    monkeypatch.setitem(sys.modules, "hpmkd.kernels.backends.c", answering)
    choose("c")
    assert [group.name for group in background.groups(full=True)] == ["loops"]
    rest = [name for name, _ in warming.steps()]
    assert set(every) - set(rest) == {"single rows", "tables", "pools"}
