"""Which part of the method earns its place: whole runs with each part left out, or added.

Run ``python -m benchmarks ablation --markdown docs/ablation.md``. Each run is a process of its
own and a line of ``~/.cache/hpmkd-benchmarks/ablation/results.jsonl``: the same command continues
where it was interrupted. Lines of an arm that has changed do not count, nor do those of other code
(the hash of what a run imports), unless ``--any-tree`` says so.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import click
from click.core import ParameterSource

from benchmarks.ablation.arms import ARMS, KEPT, OTHERS, with_needed
from benchmarks.ablation.memories import is_filled
from benchmarks.ablation.tables import page
from benchmarks.common.datasets import CACHE, READERS, listed
from benchmarks.common.pages import page_option, publish
from benchmarks.common.results import add_line, key_of, read_lines
from benchmarks.common.tree import ROOT, tree_hash

PAGE = "docs/ablation.md"
FILE = CACHE / "ablation" / "results.jsonl"
KEY = ("set", "rows", "seed", "arm")
SETS = (
    "breast_cancer", "german", "phoneme", "magic", "spambase", "adult", "splice", "segment",
    "satimage", "penbased",
)  # fmt: skip
ROWS, DRAWS = 1000, "0,1,2"
SEEDS = [str(seed) for seed in range(10)]
#: Within ten minutes on one core.
QUICK_SETS, QUICK_ROWS, QUICK_DRAWS = ("breast_cancer", "phoneme"), 300, "0"
QUICK_ARMS = (
    *("hpm", "random search", "TPE", "no racing", "memory of other sets", "chain: mix", "panel"),
    *("no made rows", "soft targets", "leaking forest", "leaking forest: quick", "honest forest"),
    "no ensemble",
)
RUN_SECONDS = 3600


@dataclass(frozen=True)
class Task:
    """A run that is wanted."""

    set: str
    rows: int
    seed: int
    arm: str

    @property
    def key(self) -> tuple[str, int, int, str]:
        """What identifies its line."""
        return self.set, self.rows, self.seed, self.arm

    def of_line(self) -> dict:
        """Return the beginning of its line."""
        return {**dict(zip(KEY, self.key, strict=True)), "definition": ARMS[self.arm].definition()}


class Ablation:
    """Runs, and the file of their lines.

    Parameters
    ----------
    file : Path
        A line of JSON per run; memories are kept beside it.
    tree : str
        Hash of the code that runs.
    any_tree : bool
        Whether lines of other code count.
    """

    def __init__(self, file: Path, tree: str, any_tree: bool) -> None:
        self.file, self.tree, self.any_tree = file, tree, any_tree

    def lines(self) -> list[dict]:
        """Return the lines that count, the last one of each run."""
        counted = [
            line
            for line in read_lines(self.file)
            if (self.any_tree or line["tree"] == self.tree)
            and line["arm"] in ARMS
            and line.get("definition") == ARMS[line["arm"]].definition()
        ]
        return list({key_of(line, KEY): line for line in counted}.values())

    def missing(self, wanted: Sequence[Task], retry: bool) -> list[Task]:
        """Return the runs without a line, and those whose memory one of these needs and has not."""
        done = {key_of(line, KEY) for line in self.lines() if not (retry and "error" in line)}
        left = {task for task in wanted if task.key not in done}
        if any(ARMS[task.arm].memory == OTHERS for task in left):
            fills = [task for task in wanted if ARMS[task.arm].memory == KEPT]
            left |= {task for task in fills if not is_filled(self.memories(task) / task.set)}
        return [task for task in wanted if task in left]

    def memories(self, task: Task) -> Path:
        """Return the folder of what the runs of a draw remember."""
        return self.file.with_name("memories") / f"{self.tree[:12]}-{task.rows}-{task.seed}"

    def run(self, tasks: Sequence[Task], sets: Sequence[str], jobs: int) -> Iterator[dict]:
        """Yield a line for each run; those that fill a memory come first."""
        fills = [task for task in tasks if ARMS[task.arm].memory == KEPT]
        for phase in (fills, [task for task in tasks if task not in fills]):
            with ThreadPoolExecutor(jobs) as pool:
                started = {pool.submit(self._line, task, sets) for task in phase}
                try:
                    for each in as_completed(started):
                        add_line(self.file, line := each.result())
                        yield line
                finally:
                    pool.shutdown(cancel_futures=True)

    def _line(self, task: Task, sets: Sequence[str]) -> dict:
        options = ["--memories", str(self.memories(task)), "--others", ",".join(sets)]
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ablation.work"]
        command += [task.set, str(task.rows), str(task.seed), task.arm, *options]
        return {**task.of_line(), "tree": self.tree, **result(command)}


def result(command: Sequence[str]) -> dict:
    """Return what a process prints, or its error; it is the first one of its user."""
    with tempfile.TemporaryDirectory() as home:
        own = {"XDG_CACHE_HOME": f"{home}/cache", "XDG_DATA_HOME": f"{home}/data"}
        options = {"capture_output": True, "text": True, "timeout": RUN_SECONDS, "check": False}
        try:
            done = subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, **options)
        except subprocess.TimeoutExpired:
            return {"error": f"stopped after {RUN_SECONDS} s"}
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return {"error": said[-1][:300]}
    return json.loads(done.stdout.splitlines()[-1])


def shown(line: dict) -> str:
    """Return a line for the console."""
    key = " ".join(str(line[name]) for name in KEY)
    if "error" in line:
        return f"{key}: {line['error']}"
    return f"{key}: {line['log_loss']:.4f}, {line['seconds']:.1f} CPU s, {line['models']} models"


def quick_defaults(context: click.Context, _: click.Parameter, quick: bool) -> bool:
    """Let what is not typed be few sets, rows, draws and arms."""
    if quick:
        few = {"sets": ",".join(QUICK_SETS), "rows": QUICK_ROWS, "draws": QUICK_DRAWS}
        context.default_map = {**few, "arms": ",".join(QUICK_ARMS)}
    return quick


def typed(context: click.Context, *names: str) -> str:
    """Return which of some options were typed, and how."""
    words = []
    for param in context.command.params:
        source = context.get_parameter_source(str(param.name))
        if param.name in names and source is ParameterSource.COMMANDLINE:
            words.append(param.opts[0])
            if not getattr(param, "is_flag", False):
                words.append(str(context.params[param.name]))
    return shlex.join(words)


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--draws", default=DRAWS, show_default=True, help="Seeds that draw rows of a set.")
@click.option(
    "--rows", default=ROWS, type=click.IntRange(50), show_default=True, help="Training rows."
)
@click.option("--arms", default="all", show_default=True, help="Names in ARMS.")
@click.option(
    "--jobs", default=1, type=click.IntRange(1), show_default=True, help="Processes of one thread."
)
@click.option(
    "--quick",
    is_flag=True,
    is_eager=True,
    callback=quick_defaults,
    expose_value=False,
    help="By default two sets, 300 rows, one draw and fewer arms: within ten minutes.",
)
@click.option("--cached", is_flag=True, help="Run nothing: report what is there.")
@click.option("--retry", is_flag=True, help="Run once more what failed.")
@click.option("--any-tree", is_flag=True, help="Lines of other code count, too.")
@click.option(
    "--results", default=FILE, type=click.Path(path_type=Path), metavar="FILE", show_default=True
)
@page_option
@click.pass_context
def main(
    context: click.Context,
    sets: str,
    draws: str,
    rows: int,
    arms: str,
    jobs: int,
    cached: bool,
    retry: bool,
    any_tree: bool,
    results: Path,
    markdown: Path | None,
) -> None:
    """Run what is missing, and write the tables."""
    names, chosen = listed(sets, READERS, "sets"), with_needed(listed(arms, ARMS, "arms"))
    seeds = [int(seed) for seed in listed(draws, SEEDS, "draws")]
    try:
        ablation = Ablation(results, tree_hash(), any_tree)
    except OSError as error:
        raise click.ClickException(f"which code is measured? {error}") from error
    # One that is stopped early has whole draws; arms that are compared run close to each other.
    wanted = [[Task(name, rows, seed, arm) for name in names for arm in chosen] for seed in seeds]
    for tasks in [] if cached else wanted:
        for line in ablation.run(ablation.missing(tasks, retry), names, jobs):
            click.echo(shown(line), err=True)
    keys = {task.key for tasks in wanted for task in tasks}
    lines = [line for line in ablation.lines() if key_of(line, KEY) in keys]
    if not any("log_loss" in line for line in lines):
        errors = [line["error"] for line in lines]
        why = f"every run failed, the first: {errors[0]}; again: --retry" if errors else "none ran"
        raise click.ClickException(f"there is nothing to compare: {why}")
    options = typed(context, "sets", "draws", "rows", "arms", "quick", "any_tree")
    command = f"{options} --markdown {markdown or PAGE}".strip()
    publish(page(lines, names, command, len(keys), markdown), markdown)
