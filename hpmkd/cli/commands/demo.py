"""``hpmkd demo``: the whole job on real data that comes with scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpmkd.cli.arguments import FolderName
from hpmkd.cli.options import run_options
from hpmkd.cli.run_command import RunCommand
from hpmkd.cli.saving import distil_and_save, show_finished
from hpmkd.cli.session import RunSession
from hpmkd.cli.settings import Plan

DATA = ("breast_cancer", "digits", "wine")


@click.command("demo", cls=RunCommand)
@click.option(
    "--data",
    "name",
    type=click.Choice(DATA),
    default=DATA[0],
    show_default=True,
    help="Data set of scikit-learn.",
)
@click.option(
    "--out",
    type=FolderName(),
    help="Run folder to write; an older demo is replaced.  [default: runs/demo-DATA]",
)
@run_options
@click.pass_obj
def command(
    session: RunSession,
    /,
    name: str,
    out: Path | None,
    resume: Path | None,
    plan: Plan,
    seed: int,
    **shown: Any,
) -> None:
    """Distil a panel of teachers on a real data set of scikit-learn.

    \b
    Example:
      hpmkd demo --data digits
    """
    if resume is None:
        out = out or Path("runs") / f"demo-{name}"
    session.open(out, resume, overwrite=resume is None)
    from sklearn import datasets

    read = plan.read()
    finished = session.is_finished()
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    labels = bunch.target
    if name != "digits":
        labels = labels.map(dict(enumerate(bunch.target_names)))
    rows = {"X": bunch.data, "y": labels}
    if finished:
        show_finished(session.folder, read, rows=rows, seed=seed, **shown)
        return
    distil_and_save(read, session, **rows, teacher="panel", source=name, seed=seed, **shown)
