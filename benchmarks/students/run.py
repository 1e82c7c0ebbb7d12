"""Students that learn from rows without labels, boosted, of vector leaves, networks and pools.

Run ``python -m benchmarks students --markdown docs/students.md``. It may be interrupted: each
finished answer is a line of ``~/.cache/hpmkd-benchmarks/students/results.jsonl`` (its arrays beside
it, in ``answers/``), predictions of teachers are in ``teachers/``, and the same command continues.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import click

from benchmarks.common.datasets import CACHE, READERS, listed
from benchmarks.common.pages import page_option, publish
from benchmarks.students.answers import Answers
from benchmarks.students.candidates import FIXED, candidates
from benchmarks.students.choices import SHORT, VECTOR, Finished, choices, groups
from benchmarks.students.data import SETS, Problem, draw, has
from benchmarks.students.fits import Fits
from benchmarks.students.rival import tuned
from benchmarks.students.row_times import row_times
from benchmarks.students.tables import report
from benchmarks.students.teachers import Teachers

FOLDER = CACHE / "students"
#: The arm that a draw ends with.
LAST = list(choices(2))[-1]
#: Fields of a line that are shown while the benchmark runs.
SHOWN = ("log_loss", "cv_loss", "bytes", "seconds", "rounds")
#: Training rows, and draws of them: all that the page reports.
DRAWS = {2000: 3, 500: 3, 10_000: 1}


def work(answers: Answers, problem: Problem, folder: Path) -> Iterator[dict]:
    """Yield a line for every answer of a draw that is missing: candidates first."""
    done = answers.done()

    def missing(arm: str) -> bool:
        return (*problem.key, arm) not in done

    if missing("rival"):
        yield answers.add(problem, "rival", tuned(problem))
    teachers = Teachers(problem, folder)
    if missing("teachers"):
        yield answers.add(problem, "teachers", teachers.answer)
    fits = Fits(teachers)
    for name, candidate in candidates(problem.n_classes).items():
        arms = (name, FIXED.format(name)) if candidate.rounds == "both" else (name,)
        if any(map(missing, arms)):
            for arm, answer in fits.answers(name, candidate).items():
                yield answers.add(problem, arm, answer)
    finished = Finished(answers, problem)
    for arm, choose in choices(problem.n_classes).items():
        if missing(arm):
            yield answers.add(problem, arm, choose(finished))
    if problem.n_classes > 2 and missing(SHORT):
        by_group = groups(problem.n_classes)
        name, _ = finished.least(by_group[VECTOR])
        _, loss = finished.least(by_group["trees hard"])
        short = fits.shortest(candidates(problem.n_classes)[name], loss)
        yield answers.add(problem, SHORT, short)
    if problem.n_classes > 2 and missing("row times"):
        yield answers.note(problem, "row times", row_times(finished))


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--rows", default="2000,500,10000", show_default=True, help="Training rows.")
@click.option("--seeds", default=0, help="Draws per set; 0 for those of the page.")
@click.option("--quick", is_flag=True, help="One small set, one draw: does it run?")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@page_option
def main(
    sets: str,
    rows: str,
    seeds: int,
    quick: bool,
    cached: bool,
    folder: Path,
    markdown: Path | None,
) -> None:
    """Compare students on real data, and write the tables."""
    warnings.simplefilter("ignore")
    names, sizes = listed(sets, READERS, "sets"), [int(each) for each in rows.split(",")]
    draws = {size: seeds or DRAWS.get(size, 1) for size in sizes}
    if quick:
        names, draws = ["phoneme"], {500: 1}
    answers = Answers(folder)
    # A run that is stopped early has whole draws of whole rows.
    wanted = [
        (name, n, seed) for n in draws for seed in range(draws[n]) for name in names if has(name, n)
    ]
    for key in () if cached else wanted:
        for line in work(answers, draw(*key), folder):
            where = " ".join(map(str, key))
            shown = ", ".join(f"{what} {line[what]:.4g}" for what in SHOWN if what in line)
            click.echo(f"{where} {line['arm']}: {shown}", err=True)
    done = answers.done()
    whole = [key for key in wanted if (*key, LAST) in done]
    publish(report(answers.frame(whole), len(whole), len(wanted)), markdown)
