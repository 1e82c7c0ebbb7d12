"""One thread per process, set before NumPy, XGBoost or a BLAS is loaded."""

from __future__ import annotations

import os


def one_thread() -> None:
    """Let this process, and those it starts, compute on one thread each."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
