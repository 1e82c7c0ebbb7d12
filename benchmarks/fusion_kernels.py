"""Time the fusion kernels against the NumPy expressions, and weigh their memory.

Run ``python benchmarks/fusion_kernels.py``. One thread; CPU times as in ``kernels.py``,
medians of contestants that take turns. The extra memory is what a call holds at its peak
besides its arguments, results included, as tracemalloc sees NumPy allocate it.
"""

from __future__ import annotations

import os

# Before NumPy loads its BLAS.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import time
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
import numpy as np
from kernels import milliseconds, numpy_softmax
from rich.console import Console
from rich.table import Table

from hpmkd.kernels import attention_fuse, attention_gradient, em_step
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
        said = teachers(rng, n, k)
        for name in ("float64", "float32"):
            given = said.astype(name)
            calls = (partial(attention_fuse, given, scores), partial(numpy_fuse, given, scores))
            yield f"attention_fuse, {name}", str(k), *calls
    evidence = rng.uniform(0.05, 1.0, (n, TEACHERS))
    calls = (
        partial(attention_gradient, evidence, scores),
        partial(numpy_gradient, evidence, scores),
    )
    yield "attention_gradient", "", *calls
    weights = np.full(TEACHERS, 1.0 / TEACHERS)
    yield "em_step", "", partial(em_step, evidence, weights), partial(numpy_em, evidence, weights)


def teachers(rng, n: int, k: int):
    """Return probabilities (4, n, K), some of them close to 0."""
    said = rng.standard_exponential((TEACHERS, n, k))
    said /= said.sum(axis=2, keepdims=True)
    return said


def peak_megabytes(call) -> float:
    """Return the most memory that a call held besides what was there."""
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del result
    return peak / 1e6


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
    said, table = teachers(rng, n, k), rng.normal(size=(n, 4))
    labels = said[0].argmax(axis=1)
    rows = slice(0, min(n, 5000))
    for name, fuser in FUSERS.items():
        fitted = fuser.fit(said[:, rows], labels[rows], table[rows])
        fitted.fuse(said[:, :10], table[:10])
        start = time.process_time()
        peak = peak_megabytes(lambda fitted=fitted: fitted.fuse(said, table))
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
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here, too.")
def main(rows: int, repeats: int, quick: bool, markdown: Path | None) -> None:
    """Compare the fusion kernels with NumPy, and the fusers' memory with their output."""
    if quick:
        rows, repeats = 20_000, 3
    kernels = [kernel_cells(*contest, repeats) for contest in contests(rows)]
    memory = list(fuser_cells(rows))
    title = f"M = {TEACHERS}, {rows:,} rows, one thread, CPU time, medians of {repeats}"
    about = f"Fusing {TEACHERS} × {rows:,} × 10 float64 probabilities, block by block"
    parts = []
    # A pipe has no width of its own; 120 columns keep the tables whole there.
    console = Console()
    console = console if console.is_terminal else Console(width=120)
    for name, header, lines in ((title, HEADER, kernels), (about, MEMORY_HEADER, memory)):
        table = Table(*header, title=name)
        for line in lines:
            table.add_row(*line)
        console.print(table)
        written = [header, ("---",) * len(header), *lines]
        parts.append(name + "\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in written))
    if markdown is not None:
        markdown.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
