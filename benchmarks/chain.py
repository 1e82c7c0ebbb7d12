"""What the chain's students are worth, against every rival, on real data.

Run ``python benchmarks/chain.py --markdown docs/chain.md``. It may be interrupted: each finished
answer is a line of ``~/.cache/hpmkd-benchmarks/chain/results.jsonl`` (its probabilities beside
it, in ``answers/``), what teachers said is in ``chain-cache/``, and the same command continues.
Several processes may share the work.

**To add an arm**, put a function into ``ARMS`` of ``chain_arms.py``:
``arm(lesson: TrainingSet) -> Answer``. See there.
"""

from __future__ import annotations

import os

# One thread per process; before NumPy and XGBoost are loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import click
from chain_arms import ARMS
from chain_data import SETS, SETTINGS, draw
from chain_results import Results
from chain_tables import report
from chain_teachers import TrainingSet
from data import CACHE, READERS

FOLDER = CACHE / "chain"


def work(
    results: Results, settings: list[str], names: list[str], seeds: list[int], arms: list[str]
) -> Iterator[dict]:
    """Yield a line for every answer that is missing, draw by draw: whole draws come first."""
    for setting, seed, name in (
        (setting, seed, name) for seed in seeds for setting in settings for name in names
    ):
        done = results.done()
        missing = [arm for arm in arms if (setting, name, seed, arm) not in done]
        problem = draw(setting, name, seed) if missing else None
        if problem is None:
            continue
        training_set = TrainingSet(problem)
        for arm in missing:
            if (setting, name, seed, arm) in results.done():  # another process was faster
                continue
            taught, start = training_set.seconds, time.process_time()
            answer = ARMS[arm](training_set)
            seconds = time.process_time() - start - (training_set.seconds - taught)
            yield results.add(problem, arm, answer, seconds, training_set.seconds - taught)


def _listed(text: str, known, what: str) -> list[str]:
    chosen = list(known) if text == "all" else text.split(",")
    if unknown := set(chosen) - set(known):
        raise click.UsageError(f"unknown {what}: {sorted(unknown)}; there are {list(known)}")
    return chosen


@click.command()
@click.option(
    "--settings",
    default=",".join(SETTINGS[:-1]),
    show_default=True,
    help=f"Of {', '.join(SETTINGS)}, or all.",
)
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--seeds", default="0,1,2", show_default=True, help="Draws per data set.")
@click.option("--arms", default="all", show_default=True, help="Names in ARMS.")
@click.option("--again", default="", help="Forget what these arms answered, here and now.")
@click.option("--quick", is_flag=True, help="One small set, one draw: does it run?")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here.")
def main(
    settings: str,
    sets: str,
    seeds: str,
    arms: str,
    again: str,
    quick: bool,
    cached: bool,
    folder: Path,
    markdown: Path | None,
) -> None:
    """Compare arms on real data, and write the tables."""
    warnings.simplefilter("ignore")
    results = Results(folder)
    kinds, chosen = _listed(settings, SETTINGS, "settings"), _listed(arms, ARMS, "arms")
    names, draws = _listed(sets, READERS, "sets"), [int(seed) for seed in seeds.split(",")]
    if quick:
        kinds, names, draws = kinds[:1], ["breast_cancer"], [0]
    if again:
        results.forget(set(_listed(again, ARMS, "arms")))
    if not cached:
        for line in work(results, kinds, names, draws, chosen):
            where = f"{line['setting']} {line['set']} {line['seed']} {line['arm']}"
            spent = f"{line['seconds']:.1f} s (teachers {line['teacher_seconds']:.1f} s)"
            click.echo(f"{where}: {line['log_loss']:.4f}, {spent}")
    text = report(results.frame(kinds, names, draws, chosen))
    if markdown is None:
        click.echo(text)
    else:
        markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
