"""Every fuser of teachers against the others, on real data.

Run ``python -m benchmarks fusion --markdown docs/fusion.md``. It may be interrupted:
predictions of teachers, and finished lines, are in the cache folder, and the same command
continues. All figures are from test rows that no teacher and no fuser has seen.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import click
import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.common.datasets import CACHE, READERS, listed, load
from benchmarks.common.pages import page_option, publish
from benchmarks.common.results import add_line, done, key_of, read_lines
from benchmarks.fusion.panels import cross_fitted, members, rival
from benchmarks.fusion.tables import report
from hpmkd.kernels import soften
from hpmkd_defaults.fusers.attention import AttentionWeightedMultiTeacher
from hpmkd_defaults.fusers.calibrated import CalibratedFuser
from hpmkd_defaults.fusers.calibrated_members import Members, calibrated
from hpmkd_defaults.fusers.mean import MeanFuser
from hpmkd_defaults.fusers.two_pools import PoolFuser

PANELS = ("generalists", "specialists", "broken", "full")
SETS = (
    "adult", "german", "magic", "phoneme", "spambase", "breast_cancer", "splice", "segment",
    "satimage", "digits",
)  # fmt: skip
FUSERS = {
    "uniform": MeanFuser(),
    "calibrated": CalibratedFuser(),
    "pool": PoolFuser(),
    "attention ungated": AttentionWeightedMultiTeacher(gated=False),
    "attention": AttentionWeightedMultiTeacher(),
}
TRAINING, TEST = 2000, 4000
RESULTS, KEY = CACHE / "fusion.jsonl", ("set", "seed", "panel")


def split(name: str, seed: int):
    """Return training and test tables and labels; 2,000 and 4,000 rows, or 60 % and 40 %."""
    table, labels = load(name)
    n_train = min(TRAINING, int(0.6 * len(labels)))
    sizes = {"train_size": n_train, "test_size": min(TEST, len(labels) - n_train)}
    return train_test_split(table, labels, **sizes, stratify=labels, random_state=seed)


def panel_predictions(name: str, seed: int, panel: str):
    """Return probabilities of a panel: out of fold (M, n, K) and of the test rows (M, m, K)."""
    file = CACHE / "teachers" / f"{name}-{seed}-{panel}.npz"
    if not file.exists():
        table, test, labels, _ = split(name, seed)
        teachers = members(panel, table, labels, seed)
        pairs = [cross_fitted(each, table, labels, test, seed) for each in teachers.values()]
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}.tmp.npz")
        held_out, bags = zip(*pairs, strict=True)
        np.savez_compressed(partial, held_out=np.stack(held_out), bags=np.stack(bags))
        partial.replace(file)
    with np.load(file) as arrays:
        held_out, bags = arrays["held_out"], arrays["bags"]
    if panel == "broken":  # one teacher that has gone wrong, among those that have not
        others = panel_predictions(name, seed, "generalists")
        held_out, bags = (
            np.concatenate(pair) for pair in zip(others, (held_out, bags), strict=True)
        )
    return held_out, bags


def rival_predictions(name: str, seed: int):
    """Return probabilities of the rival for the test rows (m, K)."""
    file = CACHE / "teachers" / f"{name}-{seed}-rival.npy"
    if not file.exists():
        table, test, labels, _ = split(name, seed)
        partial = file.with_suffix(f".{os.getpid()}.tmp.npy")
        np.save(partial, rival(table, labels, test, seed))
        partial.replace(file)
    return np.load(file)


def score(probabilities, labels) -> dict[str, float]:
    """Return log loss and accuracy."""
    true = np.maximum(probabilities[np.arange(len(labels)), labels], 1e-15)
    right = probabilities.argmax(axis=1) == labels
    return {"log_loss": float(-np.log(true).mean()), "accuracy": float(right.mean())}


def measure(name: str, seed: int, panel: str) -> dict[str, object]:
    """Fuse one panel in every way; the last teacher of the panel ``broken`` is broken."""
    table, test, labels, truth = split(name, seed)
    held_out, bags = panel_predictions(name, seed, panel)
    line = {"set": name, "seed": seed, "panel": panel, "arms": {}, "last_weight": {}}
    singles = [score(each, labels)["log_loss"] for each in held_out]
    line["arms"]["best single"] = score(bags[int(np.argmin(singles))], truth)
    temperatures = Members.fit(held_out, labels).temperatures
    mean = calibrated(bags, temperatures).mean(axis=0)
    line["arms"]["calibrated uniform"] = score(soften(mean, 1.0), truth)
    for arm, fuser in FUSERS.items():
        start = time.perf_counter()
        fitted = fuser.fit(held_out, labels, table)
        line[f"{arm} seconds"] = time.perf_counter() - start
        fused = fitted.fuse(bags, test)
        line["arms"][arm] = score(fused.probabilities, truth)
        line["last_weight"][arm] = float(fused.weights[:, -1].mean())
        line["gate"] = dict(fitted.summary().get("gate", {}))
    if panel == "full":
        line["arms"]["rival"] = score(rival_predictions(name, seed), truth)
    return line


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--panels", default=",".join(PANELS), show_default=True, help="Panels.")
@click.option("--seeds", default=3, show_default=True, help="Draws per data set.")
@click.option("--jobs", default=2, show_default=True, help="Processes, of one thread each.")
@click.option("--quick", is_flag=True, help="One small set, one draw: does it run?")
@click.option("--cached", is_flag=True, help="Compute nothing: report the finished lines.")
@page_option
def main(
    sets: str, panels: str, seeds: int, jobs: int, quick: bool, cached: bool, markdown: Path | None
) -> None:
    """Compare fusers on real data."""
    names, chosen = listed(sets, READERS, "sets"), listed(panels, PANELS, "panels")
    if quick:
        names, seeds, chosen = ["breast_cancer"], 1, list(PANELS[:3])
    # A run that is stopped early has whole draws of whole panels.
    wanted = [(name, seed, panel) for seed in range(seeds) for panel in chosen for name in names]
    missing = [] if cached else [each for each in wanted if each not in done(RESULTS, KEY)]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(measure, *each) for each in missing]
        for count, future in enumerate(as_completed(futures), 1):
            if future.exception() is not None:  # do not wait for all the others
                pool.shutdown(wait=False, cancel_futures=True)
            line = future.result()
            add_line(RESULTS, line)
            click.echo(f"{count}/{len(missing)} {line['set']} {line['panel']}", err=True)
    lines = [line for line in read_lines(RESULTS, KEY) if key_of(line, KEY) in wanted]
    lines.sort(key=lambda line: (names.index(line["set"]), line["seed"]))
    publish(report(lines, len(wanted)), markdown)
