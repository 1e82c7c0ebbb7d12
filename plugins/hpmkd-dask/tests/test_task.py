"""What surrounds a task in a worker that others use as well."""

from __future__ import annotations


def test_a_task_has_one_thread_of_each_library(python):
    source = """
import os
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "2"
import numba
import numpy
from threadpoolctl import threadpool_info
from hpmkd_dask.task import one_thread

def threads():
    return numba.get_num_threads(), *{each["num_threads"] for each in threadpool_info()}

print(threads())
with one_thread():
    print(threads())
print(threads())
"""
    assert python(source) == ("(2, 2)\n(1, 1)\n(2, 2)", "")


def test_numba_is_not_loaded_for_it(python):
    source = """
import sys
from hpmkd_dask.task import one_thread
with one_thread():
    print("numba" in sys.modules)
"""
    assert python(source) == ("False", "")
