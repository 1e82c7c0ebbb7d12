"""Which kernels answer in a test."""

from __future__ import annotations

import pytest

from hpmkd.errors import KernelsError
from hpmkd.kernels import packed


@pytest.fixture
def choose(monkeypatch):
    """Return a function that chooses kernels anew, by the value of ``HPMKD_KERNELS``."""

    def choose(name):
        monkeypatch.setenv(packed.VARIABLE, name)
        packed.backend.cache_clear()

    yield choose
    packed.backend.cache_clear()


@pytest.fixture
def by_numba(choose):
    """Answer by numba, even where C would."""
    choose("numba")


@pytest.fixture(params=packed.BACKENDS)
def by_any(request, choose):
    """Answer by each of the kernels that are there."""
    choose(request.param)
    try:
        packed.backend()
    except KernelsError as error:
        pytest.skip(str(error))
    return request.param
