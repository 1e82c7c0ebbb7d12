"""AutoDistiller's two methods side by side: ``standard``, the full grid, against ``hpm``.

Run: ``python benchmarks/grid_vs_hpm.py [--seeds 1] [--markdown docs/grid-vs-hpm.md]``. Each arm
has a process of its own, one after the other. What is done is kept, line by line, and not done
again: a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
from data import CACHE
from grid_vs_hpm_tables import document

#: Sets, and how many of their rows are taken at most.
SETS = {
    "breast_cancer": 10_000,
    "phoneme": 10_000,
    "spambase": 10_000,
    "segment": 10_000,
    "magic": 6_000,
}
ARMS = ("idle", "hpm", "standard", "bare")
#: Where calls are counted by the teacher itself.
COUNTED = "phoneme"
FOLDER = CACHE / "grid_vs_hpm"
FILE = FOLDER / "arms.jsonl"


def tasks(seeds: int) -> list[tuple[str, int, str]]:
    """Return (set, seed, arm), seed by seed."""
    found = [(name, seed, arm) for seed in range(seeds) for name in SETS for arm in ARMS]
    return [*found, (COUNTED, 0, "counted")]


def done() -> list[dict]:
    """Return what was found so far."""
    if not FILE.is_file():
        return []
    return [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


def run(name: str, seed: int, arm: str) -> dict:
    """Run an arm in a new process."""
    script = Path(__file__).with_name("grid_vs_hpm_arm.py")
    command = [sys.executable, str(script), name, str(SETS[name]), str(seed), arm]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise click.ClickException(f"{name}, seed {seed}, {arm}:\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])


@click.command()
@click.option("--seeds", default=1, show_default=True, help="How many seeds.")
@click.option("--tables-only", is_flag=True, help="Of what is done, whatever is missing.")
@click.option("--markdown", type=click.Path(path_type=Path))
def main(seeds: int, tables_only: bool, markdown: Path | None) -> None:
    """Run what is not done yet, then write the tables."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    known = {(each["set"], each["seed"], each["arm"]) for each in done()}
    for task in tasks(seeds):
        if task in known or tables_only:
            continue
        if not known:
            run(*task)  # compiles the kernels, which is nobody's cost
        result = run(*task)
        known.add(task)
        with FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        click.echo(f"{', '.join(map(str, task))}: {result.get('cpu', 0):.1f} s of CPU", err=True)
    text = document(done())
    click.echo(text)
    if markdown is not None:
        markdown.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
