"""Public kernels against NumPy, SciPy and a plain copy: time.

Run ``python -m benchmarks kernels``. One thread, float64; every call returns new arrays,
as the copy does. Times are CPU times; the contestants of a line take turns, and the
table shows medians. Each target is printed beside the measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
from scipy.special import softmax

from benchmarks.common.pages import console_tables, page_option
from benchmarks.common.timing import milliseconds
from hpmkd.kernels import distillation_loss, kl_divergence, soften

CLASSES = (2, 4, 26)
HEADER = ("what", "K", "kernel ms", "rival", "rival ms", "copy ms")
HEADER += ("x rival", "target", "x copy", "target", "met")


@dataclass(frozen=True)
class Line:
    """One comparison: what is timed, and how much faster it is meant to be."""

    name: str
    n_classes: int
    kernel: Callable[[], object]
    rival_name: str
    rival: Callable[[], object]
    copy: Callable[[], object]
    rival_target: float
    copy_target: float | None = None


def numpy_kl(p, q):
    """Return KL as one writes it without a kernel; no zeros among the inputs."""
    return np.sum(p * np.log(p / np.maximum(q, 1e-15)), axis=1)


def numpy_softmax(logits):
    """Return softmax as one writes it."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def numpy_objective(margins, labels, targets, temperature, alpha):
    """Return loss, gradient and hessian; like a kernel, one softmax where one will do."""
    rows = np.arange(len(labels))
    q = numpy_softmax(margins)
    if temperature == 1.0:
        mixed = alpha * targets
        mixed[rows, labels] += 1.0 - alpha
        return -np.sum(mixed * np.log(q), axis=1).mean(), q - mixed, q * (1.0 - q)
    q_soft = numpy_softmax(margins / temperature)
    soft = -np.sum(targets * np.log(q_soft), axis=1).mean()
    hard = -np.log(q[rows, labels]).mean()
    loss = alpha * temperature**2 * soft + (1.0 - alpha) * hard
    gradient = alpha * temperature * (q_soft - targets) + (1.0 - alpha) * q
    gradient[rows, labels] -= 1.0 - alpha
    hessian = alpha * q_soft * (1.0 - q_soft) + (1.0 - alpha) * q * (1.0 - q)
    return loss, gradient, hessian


def numpy_logistic(margins, labels, targets, temperature, alpha):
    """Return loss, gradient and hessian of one margin per row."""
    q, q_soft = 1.0 / (1.0 + np.exp(-margins)), 1.0 / (1.0 + np.exp(-margins / temperature))
    soft = targets * np.log(q_soft) + (1.0 - targets) * np.log(1.0 - q_soft)
    hard = labels * np.log(q) + (1.0 - labels) * np.log(1.0 - q)
    loss = -np.mean(alpha * temperature**2 * soft + (1.0 - alpha) * hard)
    gradient = alpha * temperature * (q_soft - targets) + (1.0 - alpha) * (q - labels)
    return loss, gradient, alpha * q_soft * (1.0 - q_soft) + (1.0 - alpha) * q * (1.0 - q)


def lines(n: int, k: int) -> Iterator[Line]:
    """Yield the comparisons of one number of classes, all on the same rows."""
    rng = np.random.default_rng(k)
    p, q = (np.maximum(rng.dirichlet(np.ones(k), n), 1e-12) for _ in range(2))
    z, y = rng.normal(0.0, 2.0, (n, k)), rng.integers(0, k, n)
    yield Line(
        "soften, T = 3", k, lambda: soften(p, 3.0),
        "SciPy", lambda: softmax(np.log(p) / 3.0, axis=1), p.copy, 6.0, 6.0,
    )  # fmt: skip
    yield Line(
        "KL divergence", k, lambda: kl_divergence(p, q),
        "NumPy", lambda: numpy_kl(p, q), p.copy, 5.0,
    )  # fmt: skip
    for temperature in (1.0, 3.0):
        arguments = (z, y, p, temperature, 0.5)
        yield Line(
            f"objective, T = {temperature:.0f}", k, partial(distillation_loss, *arguments),
            "NumPy", partial(numpy_objective, *arguments), p.copy, 5.0,
        )  # fmt: skip
    if k == 2:
        single = (z[:, 1] - z[:, 0], y, p[:, 1].copy(), 3.0, 0.5)
        yield Line(
            "objective (n,), T = 3", k, partial(distillation_loss, *single),
            "NumPy", partial(numpy_logistic, *single), single[0].copy, 5.0,
        )  # fmt: skip


def cells(line: Line, repeats: int) -> tuple[str, ...]:
    """Measure one comparison and write it as a row of the table."""
    kernel, rival, copy = milliseconds((line.kernel, line.rival, line.copy), repeats)
    met = rival / kernel >= line.rival_target
    met &= line.copy_target is None or kernel / copy <= line.copy_target
    return (
        line.name, str(line.n_classes), f"{kernel:.1f}", line.rival_name, f"{rival:.1f}",
        f"{copy:.1f}", f"{rival / kernel:.1f}", f"≥ {line.rival_target:.0f}",
        f"{kernel / copy:.1f}", "" if line.copy_target is None else f"≤ {line.copy_target:.0f}",
        "yes" if met else "no",
    )  # fmt: skip


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Rows per table.")
@click.option("--repeats", default=9, show_default=True, help="Measured rounds per line.")
@click.option("--quick", is_flag=True, help="20,000 rows, 3 rounds: does it run?")
@page_option
def main(rows: int, repeats: int, quick: bool, markdown: Path | None) -> None:
    """Compare the kernels with NumPy, SciPy and a plain copy."""
    if quick:
        rows, repeats = 20_000, 3
    measured = [cells(line, repeats) for k in CLASSES for line in lines(rows, k)]
    title = f"{rows:,} rows, float64, one thread, CPU time, medians of {repeats}"
    text = console_tables([(title, HEADER, measured)])
    if markdown is not None:
        command = "python -m benchmarks kernels --markdown docs/kernels.md"
        markdown.write_text(f"Written by `{command}`.\n\n{text}\n", "utf-8")
