"""Predictions of a row, a mapping, a table and a cold start against other libraries.

Run ``python -m benchmarks predict --markdown docs/predict.md``. One thread; CPU times of the one
thread at work; the contestants of a line take turns, and the tables show medians. Sharing a core
with another's thread counts: compare within a line. Every line has its target, met or not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from benchmarks.common.pages import console_tables, filled, page_option, replace_measured
from benchmarks.predict.backends import BACKEND_HEADER, backend_lines
from benchmarks.predict.cold import first_answers
from benchmarks.predict.models import SIZES, Models
from benchmarks.predict.pools import POOL_HEADER, pool_lines
from benchmarks.predict.speed import mappings, single_rows, tables

PAGE = Path(__file__).with_name("page.md")
OURS = ("arrays", "empty", "ours, code", "ours, margins", "ours")
RIVALS = ("XGBoost", "onnxruntime", "its trees alone", "tl2cgen", "LightGBM", "scikit-learn")
ROW_HEADER = ("models", "K", "trees", "arrays", "empty", "code", "margins", "ours", *RIVALS)
ROW_HEADER += ("tl2cgen's C alone", "× XGBoost", "× onnxruntime", "aim", "met")
TABLE_HEADER = ("models", "K", "trees", "ours", *RIVALS)
TABLE_HEADER += ("× XGBoost", "× tl2cgen", "aim", "met")
ONE_HEADER = ("what", "measured", "aim", "met")
VERSIONS = ("xgboost", "onnxruntime", "treelite", "tl2cgen", "lightgbm", "scikit-learn")
VERSIONS += ("numba", "numpy")
ROW_TIMES, ROW_TIMES_ONNX = 150, 8  # of XGBoost's time, at least, and of onnxruntime's
BATCH_TIMES, BATCH_TIMES_C = 10, 1  # of XGBoost's time, and of tl2cgen's
COLD_HEADER = ("kernels", "wall, s", "CPU, s", "import to answers, CPU s", "load, ms")
COLD_HEADER += ("CPU × C", "aim", "met")
DICT_US, COLD_S = 2.0, 0.3


def shown(times: dict[str, float], name: str) -> str:
    """Write a time, or that there is none."""
    return f"{times[name]:.3g}" if name in times else "-"


def verdict(aims: list[tuple[str, bool]]) -> tuple[str, str]:
    """Write aims and whether each was met."""
    texts = [text for text, _ in aims]
    met = ["yes" if good else "no" for _, good in aims]
    return ", ".join(texts) or "-", ", ".join(met) or "-"


def row_line(models: Models, repeats: int) -> tuple[str, ...]:
    """Measure single rows of one size."""
    size, times = models.size, single_rows(models, repeats)
    ours, aims = times["ours"], []
    if size.row_us:
        aims.append((f"≤ {size.row_us} µs", ours <= size.row_us))
        aims.append((f"≥ {ROW_TIMES} × XGBoost", times["XGBoost"] / ours >= ROW_TIMES))
    best = min(times.get(name, float("nan")) for name in ("onnxruntime", "its trees alone"))
    if size.row_us and best == best:
        met = best / ours >= ROW_TIMES_ONNX
        aims.append((f"≥ {ROW_TIMES_ONNX} × onnxruntime", met))
    return (
        str(size), str(models.n_classes), str(models.n_trees),
        *(shown(times, name) for name in (*OURS, *RIVALS, "its C alone")),
        f"{times['XGBoost'] / ours:.0f}", f"{best / ours:.1f}", *verdict(aims),
    )  # fmt: skip


def table_line(models: Models, repeats: int) -> tuple[str, ...]:
    """Measure tables of one size."""
    size, times = models.size, tables(models, repeats)
    ours = times["ours"]
    aims = [(f"≥ {BATCH_TIMES} × XGBoost", times["XGBoost"] / ours >= BATCH_TIMES)]
    beside_c = times.get("tl2cgen", float("nan")) / ours
    if beside_c == beside_c:
        aims.append((f"≥ {BATCH_TIMES_C} × tl2cgen", beside_c >= BATCH_TIMES_C))
    return (
        str(size), str(models.n_classes), str(models.n_trees),
        shown(times, "ours"), *(shown(times, name) for name in RIVALS),
        f"{times['XGBoost'] / ours:.1f}", f"{beside_c:.1f}", *verdict(aims),
    )  # fmt: skip


def dict_lines(models: Models, repeats: int) -> Iterator[tuple[str, ...]]:
    """Measure mappings: the set with categories."""
    for name, taken in mappings(models, repeats).items():
        aims = [(f"≤ {DICT_US} µs", taken <= DICT_US)] if name == "ours: predict_one" else []
        yield name, f"{taken:.3g} µs", *verdict(aims)


def cold_lines(models: Models, repeats: int) -> Iterator[tuple[str, ...]]:
    """Measure new processes."""
    starts = first_answers(models, repeats)
    for name, start in starts.items():
        aims = [(f"≤ {COLD_S} s", start.inside <= COLD_S)] if name == "C" else []
        yield (
            name, f"{start.wall:.2f}", f"{start.cpu:.2f}", f"{start.inside:.2f}",
            f"{1e3 * start.load:.1f}", f"{start.cpu / starts['C'].cpu:.1f}", *verdict(aims),
        )  # fmt: skip


def measure(repeats: int) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield title, header and lines of each table."""
    made = [Models(size) for size in SIZES]
    yield (
        "One row of float32, microseconds, Python call included",
        ROW_HEADER,
        [row_line(models, repeats) for models in made],
    )
    yield (
        "100,000 rows of float32, nanoseconds per row",
        TABLE_HEADER,
        [table_line(models, max(3, repeats // 3)) for models in made],
    )
    about = f"One dict of {made[0].raw.shape[1]} plain values ({made[0].size})"
    yield about, ONE_HEADER, list(dict_lines(made[0], repeats))
    yield "A pool of packed members", POOL_HEADER, list(pool_lines(repeats))
    chosen = [made[0], made[1], made[4]]
    yield "By C and by numba", BACKEND_HEADER, list(backend_lines(chosen, repeats))
    yield "A new process", COLD_HEADER, list(cold_lines(made[0], max(7, repeats // 3)))


def versions() -> str:
    """Name what was compared, and how busy the machine was."""
    from importlib.metadata import PackageNotFoundError, version

    names = []
    for name in VERSIONS:
        try:
            names.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            names.append(f"no {name}")
    load = os.getloadavg()[1]
    return f"{', '.join(names)}. {os.cpu_count()} processors, load {load:.1f} at the end."


@click.command()
@click.option("--repeats", default=21, show_default=True, help="Measured rounds per line.")
@click.option("--quick", is_flag=True, help="3 rounds: does it run?")
@page_option
def main(repeats: int, quick: bool, markdown: Path | None) -> None:
    """Compare students with XGBoost, onnxruntime, tl2cgen, LightGBM and scikit-learn."""
    rounds = 3 if quick else repeats
    tables = console_tables(measure(rounds), heading="### ")
    click.echo(versions())
    if markdown is not None:
        text = filled(PAGE, rounds=rounds, tables=tables, versions=versions())
        replace_measured(markdown, "predict", text)
