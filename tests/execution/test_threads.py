"""The threads of BLAS: noted, changed by somebody, restored."""

import sys
from types import ModuleType

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits

from hpmkd.execution.toolkit.threads import blas_threads, libraries, restore_blas_threads


def test_what_was_noted_is_restored():
    np.ones((2, 2)) @ np.ones((2, 2))
    before = blas_threads()
    assert before, "NumPy has loaded its BLAS"
    try:
        for library in ThreadpoolController().select(user_api="blas").lib_controllers:
            library.set_num_threads(1 if library.num_threads != 1 else 2)
        assert blas_threads() != before
        restore_blas_threads(before)
        assert blas_threads() == before
        # Nobody else's limit is in the way of the next one.
        with threadpool_limits(limits=1, user_api="blas"):
            assert set(blas_threads().values()) == {1}
        assert blas_threads() == before
    finally:
        restore_blas_threads(before)


def test_libraries_that_were_not_there_keep_what_they_have():
    before = blas_threads()
    restore_blas_threads({})
    assert blas_threads() == before


def test_libraries_are_looked_for_again_when_a_module_was_imported(monkeypatch):
    first = libraries()
    assert libraries() is first
    monkeypatch.setitem(sys.modules, "hpmkd_not_seen_before", ModuleType("hpmkd_not_seen_before"))
    assert libraries() is not first
