"""Kernels of the fusers against NumPy: time and memory.

Run ``python -m benchmarks fusion-kernels``. One thread; CPU times as in ``kernels.py``,
medians of contestants that take turns. The extra memory is the peak of a call besides its
arguments, results included, as tracemalloc sees NumPy allocate it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
import numpy as np

from benchmarks.common.pages import console_tables, page_option
from benchmarks.common.timing import milliseconds, peak_megabytes
from benchmarks.kernels.kernels import numpy_softmax
from hpmkd.kernels import attention_fuse, attention_gradient, em_weights
from hpmkd_defaults.fusers.attention import AttentionWeightedMultiTeacher
from hpmkd_defaults.fusers.calibrated import CalibratedFuser
from hpmkd_defaults.fusers.mean import MeanFuser
from hpmkd_defaults.fusers.two_pools import PoolFuser

TEACHERS = 4
CLASSES = (2, 26)
HEADER = ("what", "K", "kernel ms", "NumPy ms", "times", "kernel MB", "NumPy MB", "results MB")
FUSERS = {
    "mean": MeanFuser(),
    "calibrated": CalibratedFuser(),
    "pool": PoolFuser(),
    "attention": AttentionWeightedMultiTeacher(gated=False),
}
MEMORY_TARGET = 1.5
MEMORY_HEADER = ("fuser", "seconds", "output MB", "peak extra MB", "times output", "target", "met")


def numpy_fuse(probabilities, scores):
    """Return fused rows and weights as one writes it."""
    weights = numpy_softmax(scores)
    return (weights.T[:, :, np.newaxis] * probabilities).sum(axis=0), weights


def numpy_gradient(likelihoods, scores):
    """Return mean NLL and its gradient as one writes it."""
    weights = numpy_softmax(scores)
    q = (weights * likelihoods).sum(axis=1, keepdims=True)
    return -np.log(q).mean(), weights - weights * likelihoods / q


def numpy_em(likelihoods, weights):
    """Return new weights and the mean log likelihood as one writes it."""
    mixture = likelihoods @ weights
    updated = weights * (likelihoods.T @ (1.0 / mixture)) / len(likelihoods)
    return updated / updated.sum(), np.log(mixture).mean()


def contests(n: int) -> Iterator[tuple[str, str, object, object]]:
    """Yield name, classes, kernel and NumPy expression, on the same rows."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0.0, 1.0, (n, TEACHERS))
    for k in CLASSES:
        probabilities = teachers(rng, n, k)
        for name in ("float64", "float32"):
            given = probabilities.astype(name)
            calls = (partial(attention_fuse, given, scores), partial(numpy_fuse, given, scores))
            yield f"attention_fuse, {name}", str(k), *calls
    evidence = rng.uniform(0.05, 1.0, (n, TEACHERS))
    calls = (
        partial(attention_gradient, evidence, scores),
        partial(numpy_gradient, evidence, scores),
    )
    yield "attention_gradient", "", *calls
    weights = np.full(TEACHERS, 1.0 / TEACHERS)
    calls = (partial(em_weights, evidence, most=1), partial(numpy_em, evidence, weights))
    yield "em_weights, one step", "", *calls


def teachers(rng, n: int, k: int):
    """Return probabilities (4, n, K), some of them close to 0."""
    drawn = rng.standard_exponential((TEACHERS, n, k))
    drawn /= drawn.sum(axis=2, keepdims=True)
    return drawn


def kernel_cells(name: str, k: str, kernel, rival, repeats: int) -> tuple[str, ...]:
    """Measure one kernel and write it as a row of the table."""
    result = kernel()
    results = sum(each.nbytes for each in result if isinstance(each, np.ndarray)) / 1e6
    fast, slow = milliseconds((kernel, rival), repeats)
    mine, its = peak_megabytes(kernel), peak_megabytes(rival)
    return (
        name, k, f"{fast:.1f}", f"{slow:.1f}", f"{slow / fast:.1f}", f"{mine:.1f}",
        f"{its:.1f}", f"{results:.1f}",
    )  # fmt: skip


def fuser_cells(n: int, k: int = 10) -> Iterator[tuple[str, ...]]:
    """Measure the peak memory of each fuser on 4 x n x K probabilities."""
    rng = np.random.default_rng(0)
    probabilities, table = teachers(rng, n, k), rng.normal(size=(n, 4))
    labels = probabilities[0].argmax(axis=1)
    rows = slice(0, min(n, 5000))
    for name, fuser in FUSERS.items():
        fitted = fuser.fit(probabilities[:, rows], labels[rows], table[rows])
        fitted.fuse(probabilities[:, :10], table[:10])
        start = time.process_time()
        peak = peak_megabytes(lambda fitted=fitted: fitted.fuse(probabilities, table))
        seconds = time.process_time() - start
        output = n * k * 8 / 1e6
        yield (
            name, f"{seconds:.1f}", f"{output:.0f}", f"{peak:.0f}", f"{peak / output:.2f}",
            f"≤ {MEMORY_TARGET}", "yes" if peak <= MEMORY_TARGET * output else "no",
        )  # fmt: skip


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Rows per table.")
@click.option("--repeats", default=7, show_default=True, help="Measured rounds per line.")
@click.option("--quick", is_flag=True, help="20,000 rows, 3 rounds: does it run?")
@page_option
def main(rows: int, repeats: int, quick: bool, markdown: Path | None) -> None:
    """Compare the fusion kernels with NumPy, and the fusers' memory with their output."""
    if quick:
        rows, repeats = 20_000, 3
    kernels = [kernel_cells(*contest, repeats) for contest in contests(rows)]
    memory = list(fuser_cells(rows))
    title = f"M = {TEACHERS}, {rows:,} rows, one thread, CPU time, medians of {repeats}"
    about = f"Fusing {TEACHERS} × {rows:,} × 10 float64 probabilities, block by block"
    text = console_tables([(title, HEADER, kernels), (about, MEMORY_HEADER, memory)])
    if markdown is not None:
        command = "python -m benchmarks fusion-kernels --markdown docs/fusion-kernels.md"
        markdown.write_text(f"Written by `{command}`.\n\n{text}\n", "utf-8")
