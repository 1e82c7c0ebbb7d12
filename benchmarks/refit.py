"""Time the joint leaf refit against the same search with NumPy expressions.

Run ``python benchmarks/refit.py``. One thread; CPU times of the one thread at work, medians
of contestants that take turns. Both searches run SciPy's L-BFGS for the same 40 steps from the
same start on the same made-up forest; the rival gathers with ``table[ids]`` and scatters with
``bincount``, tree by tree, on int64 ids (what NumPy indexes with fastest). The extra memory is
what a refit holds at its peak besides its arguments, as tracemalloc sees NumPy allocate it.
"""

from __future__ import annotations

import os

# Before NumPy loads its BLAS.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

from functools import partial
from pathlib import Path

import click
import numpy as np
from fusion_kernels import peak_megabytes
from kernels import milliseconds, numpy_softmax
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize

from hpmkd.kernels import distillation_loss, leaf_gradient, leaf_margins
from hpmkd_defaults.stages.refit import (
    RIDGE,
    STEPS,
    FixedTrees,
    JointLoss,
    JointModel,
    refit_jointly,
)
from tests.kernels import reference

LEAVES, ROUNDS, TARGET = 12, 30, 0.3
HEADER = ("rows", "margins", "trees", "columns", "seconds", "NumPy seconds", "times", "target")
HEADER += ("met", "ids MB", "peak extra MB", "NumPy's ids MB", "NumPy's peak MB")
PREFACE = """
Written by `python benchmarks/refit.py --markdown docs/refit.md`; CPU time, shared machine.
24,000 rows are 4,000 real ones and five made ones for each; one margin is K = 2, ten are K = 10.
The rival is the same search with NumPy expressions, tree by tree, on int64 ids.
"""
PARTS = ("rows", "margins", "gather ms", "NumPy ms", "scatter ms", "NumPy ms", "loss ms")
PARTS += ("whole step ms",)


def problem(n: int, width: int, columns: int):
    """Return model, trees, target, weights, design; leaves are unlike in size, as in real trees."""
    rng = np.random.default_rng(0)
    n_trees = ROUNDS * width
    shares = rng.dirichlet(np.full(LEAVES, 0.7), n_trees)
    ids = np.array([rng.choice(LEAVES, n, p=share) for share in shares], dtype=np.uint8)
    trees = FixedTrees(ids, np.full(n_trees, LEAVES), np.arange(n_trees) % width)
    model = JointModel(
        rng.normal(0, 0.1, n_trees * LEAVES).astype(np.float32),
        rng.normal(0, 0.1, (columns, width)).astype(np.float32),
        np.zeros(width, dtype=np.float32),
    )
    target = rng.dirichlet(np.full(max(2, width), 0.3), n)
    weights = np.where(np.arange(n) < 4000, 1.0, 0.4)
    return model, trees, target, weights, rng.normal(size=(n, columns))


def numpy_refit(model, trees, target, weights, design):
    """Return what one writes without kernels; K > 2, or one margin."""
    start = np.concatenate([model.values, model.coefficients.ravel(), model.intercept])
    start, width = start.astype(np.float64), len(model.intercept)
    arguments = (trees.leaf_ids, trees.n_leaves, trees.outputs)
    share = (weights / weights.sum())[:, np.newaxis]

    def loss_of(flat):
        values, linear = np.split(flat, [len(model.values)])
        table = linear.reshape(-1, width)
        margins = reference.leaf_margins(*arguments, values, design @ table[:-1] + table[-1])
        z = margins if width > 1 else np.hstack([np.zeros_like(margins), margins])
        q = numpy_softmax(z)
        loss = -np.sum(share * target * np.log(q))
        slopes = (share * (q - target))[:, -width:]
        moved = flat - start
        moved[-width:] = 0.0
        of_linear = np.vstack([design.T @ slopes, slopes.sum(axis=0)]).ravel()
        of_leaves = reference.leaf_gradient(*arguments, slopes)
        gradient = np.concatenate([of_leaves, of_linear]) + RIDGE * moved
        return loss + 0.5 * RIDGE * moved @ moved, gradient

    options = {"maxiter": STEPS, "ftol": 1e-9, "gtol": 1e-6}
    found = minimize(loss_of, start, jac=True, method="L-BFGS-B", options=options)
    return found.x[: len(model.values)].astype(np.float32)


def refit_cells(n: int, width: int, columns: int, repeats: int) -> tuple[str, ...]:
    """Measure one refit and write it as a row of the table."""
    model, trees, *rest = problem(n, width, columns)
    wide = FixedTrees(trees.leaf_ids.astype(np.int64), trees.n_leaves, trees.outputs)
    mine = partial(refit_jointly, model, trees, *rest)
    rival = partial(numpy_refit, model, wide, *rest)
    gap = np.abs(mine().values - rival()).max()
    if gap > 1e-3:  # the same search, but for rounding
        raise click.ClickException(f"the two refits differ by {gap}")
    fast, slow = (taken / 1e3 for taken in milliseconds((mine, rival), repeats))
    aimed = n == 4000 and width == 10
    return (
        f"{n:,}", str(width), str(ROUNDS * width), str(columns), f"{fast:.3f}", f"{slow:.2f}",
        f"{slow / fast:.1f}", f"≤ {TARGET}" if aimed else "",
        ("yes" if fast <= TARGET else "no") if aimed else "", f"{trees.leaf_ids.nbytes / 1e6:.1f}",
        f"{peak_megabytes(mine):.1f}", f"{wide.leaf_ids.nbytes / 1e6:.1f}",
        f"{peak_megabytes(rival):.1f}",
    )  # fmt: skip


def part_cells(n: int, width: int, repeats: int) -> tuple[str, ...]:
    """Measure the parts of one step and write them as a row of the table."""
    model, trees, target, weights, design = problem(n, width, 0)
    flat, slopes = model.values.astype(np.float64), np.random.default_rng(1).normal(size=(n, width))
    mine = (trees.leaf_ids, trees.n_leaves, trees.outputs)
    wide = (trees.leaf_ids.astype(np.int64), *mine[1:])
    whole = JointLoss(model, trees, target, weights, design, RIDGE)
    z = slopes if width > 1 else slopes[:, 0].copy()
    buffers = np.empty(z.shape), np.empty(z.shape)
    said = target if width > 1 else target[:, 1].copy()
    labels = np.zeros(n, dtype=np.int64)
    calls = (
        partial(leaf_margins, *mine, flat, slopes),
        partial(reference.leaf_margins, *wide, flat, slopes),
        partial(leaf_gradient, *mine, slopes),
        partial(reference.leaf_gradient, *wide, slopes),
        partial(distillation_loss, z, labels, said, 1.0, 1.0, weights=weights, out=buffers),
        partial(whole, whole.start),
    )
    times = milliseconds(calls, 5 * repeats)
    return (f"{n:,}", str(width), *(f"{taken:.2f}" for taken in times))


@click.command()
@click.option("--repeats", default=5, show_default=True, help="Measured rounds per line.")
@click.option("--quick", is_flag=True, help="1,000 rows, 1 round: does it run?")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here, too.")
def main(repeats: int, quick: bool, markdown: Path | None) -> None:
    """Compare the joint refit, and its parts, with NumPy."""
    sizes, repeats = ((1000,), 1) if quick else ((4000, 24_000), repeats)
    shapes = [(n, width) for n in sizes for width in (1, 10)]
    refits = [refit_cells(*shape, columns, repeats) for shape in shapes for columns in (0, 50)]
    parts = [part_cells(*shape, repeats) for shape in shapes]
    about = f"{ROUNDS} rounds × {LEAVES} leaves, {STEPS} steps, one thread, CPU time, medians of"
    titles = (
        f"Joint refit: {about} {repeats}",
        f"One step without a linear part: medians of {5 * repeats}",
    )
    written = [PREFACE.strip()]
    # A pipe has no width of its own; 160 columns keep the tables whole there.
    console = Console()
    console = console if console.is_terminal else Console(width=160)
    for title, header, lines in zip(titles, (HEADER, PARTS), (refits, parts), strict=True):
        table = Table(*header, title=title)
        for line in lines:
            table.add_row(*line)
        console.print(table)
        rows = [header, ("---",) * len(header), *lines]
        written.append(title + "\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows))
    if markdown is not None:
        markdown.write_text("\n\n".join(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
