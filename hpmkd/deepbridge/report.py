"""The report of a run: teacher beside students, a summary, one HTML page, and their files."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpmkd.api import CROSS_FITTED
from hpmkd.data.csv_cells import escape_cells
from hpmkd.data.labels import classes_of
from hpmkd.deepbridge.dataset import PARTS
from hpmkd.deepbridge.metrics import FIDELITY, QUALITY, Metrics, quality
from hpmkd.deepbridge.outcome import labels_of
from hpmkd.errors import RecipeError, RunFolderError, warn
from hpmkd.files import explain_write_errors, write_atomically
from hpmkd.hookspecs import hookimpl
from hpmkd.knowledge.class_alignment import align_fitted
from hpmkd.knowledge.loading import PICKLES
from hpmkd.knowledge.teachers import FittedTeacher, as_teachers
from hpmkd.runs.folder import check_free
from hpmkd.training.ensemble import ENSEMBLE

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.deepbridge.auto_distiller import AutoDistiller
    from hpmkd.deepbridge.dataset import DBDataset, Division
    from hpmkd.deepbridge.results import Results
    from hpmkd.values import DataFacts, FloatArray, Trial

#: Beside the run folders.
TABLE = "distillation_results.csv"
TYPES = ("interactive", "static")
COMPARED = ("accuracy", "precision", "recall", "f1_score", "auc_roc", "auc_pr")
SHOWN = [
    "model_type",
    "temperature",
    "alpha",
    *(f"test_{name}" for name in (*QUALITY, *FIDELITY) if name not in ("f1", "ks_pvalue")),
    "train_accuracy",
    "selection_log_loss",
    "method",
    "best_params",
]


def original_metrics(
    dataset: DBDataset, division: Division, results: Results | None
) -> dict[str, Metrics]:
    """Return the metrics of the teacher by part; empty for rows without its probabilities.

    After a run, of the teacher of its students; before, of the probabilities that were given,
    or of a fitted model.
    """
    if results is not None:
        # Of two runs, the same teacher taught both.
        preferred = results.preferred
        teacher, labels = preferred.teacher, preferred.labels
        labels = {part: labels[part][at] for part, at in preferred.predicted.items()}
    else:
        classes = classes_of(division.y_train)
        teacher, labels = _given_teacher(dataset, division), labels_of(division, classes)
    return {
        part: {} if (known := teacher.get(part)) is None else quality(known, labels[part])
        for part in PARTS
    }


def _given_teacher(dataset: DBDataset, rows: Division) -> dict[str, FloatArray | None]:
    """Return the probabilities of a teacher that no run has to train."""
    if rows.given_train is not None:
        return {"train": rows.given_train, "test": rows.given_test}
    (teacher,) = as_teachers(dataset.model) if dataset.model is not None else (None,)
    if not isinstance(teacher, FittedTeacher):
        raise RecipeError(
            "the teacher is trained by the run; type: distiller.run() before original_metrics()"
        )
    model = align_fitted(teacher, classes_of(rows.y_train))
    return {"train": model.predict_proba(rows.X_train), "test": model.predict_proba(rows.X_test)}


def compare(original: Mapping[str, Metrics], student: Mapping[str, Any]) -> pd.DataFrame:
    """Return the teacher's metrics by part beside those in a row of the results."""
    import pandas as pd

    lines = []
    for part in PARTS:
        for metric in COMPARED:
            teacher, own = original[part].get(metric), student[f"{part}_{metric}"]
            difference = None if teacher is None else own - teacher
            lines.append((part, metric, teacher, own, difference))
    names = ["dataset", "metric", "original", "distilled", "difference"]
    return pd.DataFrame(lines, columns=names)


def summary(distiller: AutoDistiller) -> str:
    """Return a few lines: cost, verdict, what the run chose, the best on the test rows."""
    # First the rows: what it costs to fit their students counts as well.
    best = distiller.find_best_model()
    found, counts = distiller.distillation, distiller.counts
    chosen = next(record for record in found.records if record.chosen)
    highest = getattr(best["model_type"], "name", best["model_type"])
    teachers = f"Teachers: {counts['teacher_fits']} fits, {counts['teacher_calls']} calls"
    if counts["teacher_fits"] and CROSS_FITTED not in found.facts["teachers"].values():
        teachers += (
            "; what was given is not refitted: the fits are those of the reference panel "
            f"{found.recipe.reference.name!r}, which shows whether it repeats labels"
        )
    return "\n".join(
        [
            f"Method {distiller.method}: {len(distiller.results_df)} configurations; "
            f"{counts['models_trained']} models trained, {counts['models_refitted']} of them for "
            f"rows and further students; {counts['seconds']:.1f} s",
            *(f"{failure}; the results are of another method." for failure in distiller.failures),
            teachers,
            f"Verdict: {found.verdict.outcome}. {found.verdict.sentence}",
            *(f"{warning}." for warning in found.verdict.warnings),
            f"The selection rows chose {_configured(chosen.name, vars(chosen))}: accuracy "
            f"{chosen.accuracy:.4f}, log loss {chosen.log_loss:.4f} on the test rows",
            f"Highest on the test rows: {_configured(highest, best)}, accuracy "
            f"{best['test_accuracy']:.4f}; optimistic, as the best of several",
        ]
    )


def _configured(name: str, model: Mapping[str, Any]) -> str:
    """Name a student with its softening; the members of an ensemble may each have another."""
    if name == ENSEMBLE:
        return name
    return f"{name} (alpha {model['alpha']:g}, temperature {model['temperature']:g})"


def page(distiller: AutoDistiller, report_type: str) -> str:
    """Return a page that needs nothing else: no network, no other file."""
    check_type(report_type)
    tables = {
        "Configurations": distiller.results_df[SHOWN],
        "The best on the test rows beside its teacher": distiller.compare_models(),
        "Leaderboard of the run": distiller.distillation.leaderboard,
    }
    return page_of("Distillation", summary(distiller).splitlines(), tables, report_type)


def check_type(report_type: str) -> None:
    """Refuse an unknown kind of report."""
    if report_type not in TYPES:
        known = " or ".join(map(repr, TYPES))
        raise RecipeError(f"report_type: got {report_type!r}; expected {known}")


def page_of(
    title: str, lines: Iterable[str], tables: Mapping[str, pd.DataFrame], report_type: str
) -> str:
    """Return a page of a few lines, and of tables under their headings."""
    listed = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    body = [f"<h1>{title}</h1><ul>{listed}</ul>"]
    for heading, frame in tables.items():
        text = frame.to_html(index=False, na_rep="", border=0, float_format="{:.4f}".format)
        body += [f"<h2>{heading}</h2>", text]
    script = f"<script>{SORTING}</script>" if report_type == "interactive" else ""
    return PAGE.format(title=title, style=STYLE, body="\n".join(body), script=script)


# -------------------------------------------------------------------------------- files


def as_path(value: Any, argument: str) -> Path:
    """Return a path that a caller gave; a RecipeError names the argument if it is none."""
    if not isinstance(value, (str, os.PathLike)):
        raise RecipeError(f"{argument}: got {value!r}; expected a path")
    return Path(value)


def write(path: Path, content: bytes, argument: str) -> str:
    """Write a file and the folders above it; a RunFolderError names the argument to change."""
    with explain_write_errors(path, f"choose another {argument}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return str(path)


def check_output(folder: Path, runs: Iterable[str]) -> None:
    """Refuse a folder in which a table of results and these runs could not be written."""
    for run in runs:
        check_free(folder / run, overwrite=True, cure="choose another output_dir")
    table = folder / TABLE
    if table.is_dir() or (table.exists() and not os.access(table, os.W_OK)):
        problem = "is a folder" if table.is_dir() else "may not be written"
        raise RunFolderError(
            f"{table} {problem}; expected a file to write the results to: choose another output_dir"
        )


def write_results(folder: Path, results: Results) -> None:
    """Write the table of results, and a run folder for each run."""
    content = escape_cells(results.frame).to_csv(index=False, sep=";").encode("utf-8")
    write(folder / TABLE, content, "output_dir")
    for outcome in results.outcomes:
        outcome.found.save(folder / outcome.method, overwrite=True)


def student_path(file_path: Any) -> Path:
    """Return where a student is written: a file of another kind gets the ending ``.hpmkd``."""
    path = as_path(file_path, "file_path")
    if path.suffix == ".hpmkd":
        return path
    stem = path.stem if path.suffix in PICKLES else path.name
    path = path.with_name(f"{stem}.hpmkd")
    warn(
        f"file_path: got {os.fspath(file_path)!r}; students are not pickles, so it is written to "
        f"{path}: hpmkd.Student.load({str(path)!r})",
        UserWarning,
    )
    return path


class ProgressPrinter:
    """An observer that prints a line when a run starts, and when a phase is over."""

    def __init__(self) -> None:
        self._phase, self._line = "", ""

    @hookimpl
    def hpmkd_run_started(self, facts: DataFacts, recipe: dict[str, Any]) -> None:
        """Print what is distilled, and how."""
        click.echo(
            f"{recipe['name']}: {facts.n_rows} rows of {facts.n_columns} columns, "
            f"{facts.n_classes} classes; {', '.join(recipe['stages'])}"
        )

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int, total: int) -> None:
        """Print how far the phase before came: its total may change while it lasts."""
        if phase != self._phase and self._line:
            click.echo(self._line)
        self._phase, self._line = phase, f"{phase}: {done} of {total}"

    @hookimpl
    def hpmkd_run_finished(self) -> None:
        """Print how far the last phase came."""
        click.echo(self._line)
        self._phase, self._line = "", ""

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Report failures."""
        if trial.failure:
            click.echo(f"trial {trial.number} failed: {trial.failure}")


PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>
<body>
{body}
{script}
</body>
</html>
"""
STYLE = (
    "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;display:block;"
    "overflow-x:auto}th,td{padding:.3em .6em;border-bottom:1px solid #ddd;text-align:right}"
    "th{cursor:default;background:#f4f4f4}"
)
#: A click on a heading sorts by its column, another one the other way round.
SORTING = """
document.querySelectorAll("th").forEach(head => {
  head.style.cursor = "pointer";
  head.onclick = () => {
    const at = [...head.parentNode.children].indexOf(head);
    const body = head.closest("table").tBodies[0];
    const up = head.dataset.up = head.dataset.up === "1" ? "0" : "1";
    const key = row => row.children[at].textContent;
    const order = (a, b) => key(a).localeCompare(key(b), undefined, {numeric: true});
    const rows = [...body.rows].sort((a, b) => up === "1" ? order(a, b) : order(b, a));
    body.append(...rows);
  };
});
"""
