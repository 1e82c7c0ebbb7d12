"""Makes every kernel that numba compiles once, so that its cache holds them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hpmkd.kernels.packed import backend


def steps() -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what the kernels are for, and what compiles them or loads them from the cache.

    Yields
    ------
    str
        In words.
    callable
        Without arguments; takes up to half a minute the first time, and then a moment.
    """
    if backend().COMPILES:
        yield "single rows", _single_rows
        yield "tables", _tables
        yield "pools", _pools
    yield "trees and margins", _trees
    yield "distillation", _distillation
    yield "fusion", _fusion
    yield "leaf refit", _refit
    yield "networks", _networks
    yield "vector trees", _vector_trees


def cache_folder() -> Path:
    """Return where numba keeps the compiled kernels: ``NUMBA_CACHE_DIR``, or beside the code."""
    from hpmkd.kernels._packed import scalars

    kernel: object = scalars.vexp
    return Path(kernel.stats.cache_path)  # type: ignore[attr-defined]


def refused_folder() -> Path | None:
    """Return the ``NUMBA_CACHE_DIR`` that numba silently passed over; None if all is well."""
    from numba import config

    wished = Path(config.CACHE_DIR).resolve() if config.CACHE_DIR else None
    if wished is None or wished in cache_folder().resolve().parents:
        return None
    return wished


def _single_rows() -> None:
    from hpmkd.kernels.packed import ROW_KERNELS, dict_kernel, row_kernel

    words = np.zeros(24, dtype=np.uint32)
    for what in ROW_KERNELS:
        row_kernel(what, np.float32, words)
        row_kernel(what, np.float64, words)
    for full in (False, True):
        dict_kernel(words, (), 0, (), full=full)


def _tables() -> None:
    from hpmkd.kernels.packed import link_rows, table_kernel

    for full in (False, True):
        table_kernel(np.float32, full=full)
        table_kernel(np.float64, full=full)
    link_rows(np.zeros((1, 1)), 0, 2)


def _pools() -> None:
    from hpmkd.kernels.packed import dict_kernel, row_kernel, table_kernel

    words = np.zeros(24, dtype=np.uint32)
    row_kernel("code", np.float64, words, pooled=True)
    row_kernel("probabilities", np.float64, words, pooled=True)
    for full in (False, True):
        dict_kernel(words, (), 0, (), pooled=True, full=full)
        table_kernel(np.float64, pooled=True, full=full)
    compile_fusing()


def compile_fusing() -> None:
    """Compile what fuses the members of a pool that answer one by one."""
    from hpmkd.kernels.packed import fuse_rows

    fuse_rows(np.full((1, 1, 2), 0.5), np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]))


def _trees() -> None:
    from hpmkd.kernels import linear_margins, tree_leaves, tree_margins

    # One tree: x0 < 0.5, a leaf on each side.
    nodes = ([0], [0, -1, -1], [0.5, 0.0, 0.0], [1, 0, 1], [2, 0, 0], [1, 0, 0])
    row = [[1.0]]
    tree_leaves(row, *nodes)
    tree_margins(row, *nodes, [[1.0], [2.0]], [0], np.zeros((1, 1), dtype=np.float32))
    linear_margins(row, [[1.0]], [0.0])


def compile_loops() -> None:
    """Compile what a run softens, compares and fuses probabilities of float64 with."""
    _distillation()
    _fusion(np.float64)


def _distillation() -> None:
    from hpmkd.kernels import distillation_loss, kl_divergence, soften, soften_logits

    p = np.array([[0.25, 0.75]])
    soften(p, 2.0)
    soften_logits(p, 2.0)
    kl_divergence(p, p)
    distillation_loss(p, [1], p, 2.0, 0.5)


def _fusion(*dtypes: Any) -> None:
    from hpmkd.kernels import attention_fuse, attention_gradient, em_weights

    em_weights(np.full((1, 2), 0.5))
    attention_gradient(np.full((1, 2), 0.5), np.zeros((1, 2)))
    p = np.array([[[0.25, 0.75]], [[0.5, 0.5]]])
    for dtype in dtypes or (np.float32, np.float64):
        attention_fuse(p.astype(dtype), np.zeros((1, 2)))


def _networks() -> None:
    from hpmkd.kernels import network_epoch, network_gradient, network_margins

    network_margins([[1.0]], [[[1.0]], [[1.0]]], [[0.0], [0.0]])
    rows = ([[1.0]], [0], [[0.5, 0.5]])
    network_gradient([1, 1, 1], np.ones(4), *rows, 1.0, 0.5)
    state = np.ones((4, 4), dtype=np.float32)
    network_epoch(
        [1, 1, 1], state, *rows, [0], 1.0, 0.5, 0.5,
        batch=1, step=0, rate=0.1, decay=0.1, horizon=1.0,
    )  # fmt: skip


def _vector_trees() -> None:
    from hpmkd.kernels import add_vector_tree, bin_edges, grow_vector_tree, to_bins

    matrix = np.array([[0.0], [1.0]])
    bins, n_bins = to_bins(matrix, bin_edges(matrix, 2))
    derivatives, rows = np.ones((2, 6), dtype=np.float32), np.arange(2)
    allowed, histograms = np.ones((3, 1), dtype=bool), np.empty((2, 1, 3, 6))
    nodes, values = grow_vector_tree(
        bins, n_bins, derivatives, rows, np.zeros(1, dtype=np.int64), allowed, histograms,
        max_depth=-1, eta=0.1, reg_lambda=1.0, min_child_weight=0.1,
    )  # fmt: skip
    add_vector_tree(bins, n_bins, nodes, values, np.zeros((2, 3), dtype=np.float32))


def _refit() -> None:
    from hpmkd.kernels import leaf_gradient, leaf_margins

    for dtype in (np.uint8, np.uint16):
        leaves = np.zeros((1, 1), dtype=dtype)
        leaf_margins(leaves, [1], [0], [1.0], [[0.0]])
        leaf_gradient(leaves, [1], [0], [[1.0]])
