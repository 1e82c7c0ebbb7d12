"""One run of an experiment, a method on a data set with a seed: its folder and its result."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.data import tables
from hpmkd.data.fingerprint import identity
from hpmkd.data.given_rows import GivenRows
from hpmkd.deepbridge.model_types import name_of
from hpmkd.errors import RunFolderError
from hpmkd.execution.process_tree import cpu_seconds
from hpmkd.files import explain_write_errors, write_atomically
from hpmkd.runs.checkpoint_folder import FolderState, state_of
from hpmkd.runs.folder import check_free, read_json
from hpmkd.runs.result import Distillation
from hpmkd.runs.resume_check import diff_with_finished_run
from hpmkd.student import Student

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.deepbridge.auto_distiller import AutoDistiller
    from hpmkd.deepbridge.dataset import DBDataset
    from hpmkd.recipe.recipe import Recipe

#: Beside the files of a run: its configurations, and a student of each.
CONFIGURATIONS, STUDENTS = "configurations.json", "configurations"
#: What of a run is in no other file of its folder.
KEPT = {"teacher", "cpu_seconds", "models_refitted", "rows"}
CURE = "choose another output_dir"


@dataclass(frozen=True)
class ExperimentRun:
    """A method on a data set with a seed.

    Parameters
    ----------
    dataset, method : str
        Names.
    seed : int
        Of the run, and of the division of the rows.
    folder : Path, optional
        Its run folder, named after the method.
    """

    dataset: str
    method: str
    seed: int
    folder: Path | None = None

    def __str__(self) -> str:
        return f"{self.dataset}, {self.method}, seed {self.seed}"

    @property
    def names(self) -> dict[str, Any]:
        """What identifies it, as columns of a table."""
        return {"dataset": self.dataset, "method": self.method, "seed": self.seed}

    @property
    def begun(self) -> bool:
        """Whether its folder holds the beginning of a run."""
        return self.folder is not None and state_of(self.folder).resumable

    def finished(
        self, distiller: AutoDistiller, recipe: Recipe, teacher: str | None
    ) -> ExperimentResult | None:
        """Read its result, if its folder holds it.

        Parameters
        ----------
        distiller : AutoDistiller
            That would run it.
        recipe : Recipe
            By which it would.
        teacher : str or None
            As :func:`teacher_digest` returns it.

        Raises
        ------
        RunFolderError
            If the folder holds something else, or cannot be written.
        """
        if self.folder is None:
            return None
        check_free(self.folder, overwrite=True, cure=CURE)
        if state_of(self.folder) is not FolderState.FINISHED:
            return None
        found = Distillation.load(self.folder)
        if not (self.folder / CONFIGURATIONS).is_file():
            raise RunFolderError(
                f"{self.folder} holds a run that is not part of an experiment; {CURE}"
            )
        kept = _read(self.folder)
        rows = distiller.division
        given = GivenRows(rows.X_train, rows.y_train, rows.X_test, rows.y_test)
        different = diff_with_finished_run(found.facts, found.recipe, recipe, self.seed, given)
        if None not in (teacher, kept["teacher"]) and teacher != kept["teacher"]:
            different.append("the teacher differs")
        if different:
            raise RunFolderError(
                f"{self.folder} holds a run of another experiment: {'; '.join(different)}; {CURE}, "
                "or remove that folder"
            )
        return ExperimentResult(
            self, summary_of(found, kept), kept["rows"], _Saved(self.folder / STUDENTS)
        )

    def perform(
        self, distiller: AutoDistiller, use_probabilities: bool, teacher: str | None
    ) -> ExperimentResult:
        """Run it, or resume it where its folder holds its beginning.

        Its files replace the journal in one step, at the end.
        """
        before = cpu_seconds()
        journal = None if self.folder is None else self.folder.parent
        frame = distiller.run(use_probabilities, journal=journal)
        rows: list[dict[str, Any]] = [
            {str(name): _plain(value) for name, value in record.items()}
            for record in frame.to_dict("records")
        ]
        students = [_student(distiller, row) for row in rows]
        found = distiller.distillation
        kept = {
            "teacher": teacher,
            # What was done before it was stopped is in no count of this process.
            "cpu_seconds": None if found.counts["resumed"] else cpu_seconds() - before,
            "models_refitted": distiller.counts["models_refitted"],
            "rows": rows,
        }
        if self.folder is not None:
            _write(self.folder, kept, students)
            found.save(self.folder)
        return ExperimentResult(self, summary_of(found, kept), rows, students.__getitem__)


@dataclass(frozen=True)
class ExperimentResult:
    """The result of a run of an experiment.

    Parameters
    ----------
    run : ExperimentRun
        The run.
    summary : mapping
        What it shipped, the results on the test rows, and the cost.
    rows : sequence of mapping
        Its configurations, as in the results of an AutoDistiller.
    student : callable
        Returns the student of a row by its place.
    """

    run: ExperimentRun
    summary: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    student: Callable[[int], Predictor]

    def best_of(self, model_type: str, temperature: float, alpha: float) -> int | None:
        """Return the place of a configuration's row, by the selection rows the best, if any."""
        places = [
            at
            for at, row in enumerate(self.rows)
            if (row["model_type"], row["alpha"]) == (model_type, alpha)
            # Hard labels are not softened.
            and (alpha == 0 or row["temperature"] == temperature)
        ]
        return min(places, key=lambda at: float(self.rows[at]["selection_log_loss"]), default=None)


@dataclass(frozen=True)
class _Saved:
    """The students of a finished run, read when they are needed."""

    folder: Path

    def __call__(self, at: int) -> Predictor:
        return Student.load(self.folder / f"{at}.hpmkd")


def teacher_digest(dataset: DBDataset, use_probabilities: bool) -> str | None:
    """Return what identifies a data set's teacher; None if nothing can."""
    if use_probabilities and dataset.given is not None:
        return tables.digest("given", dataset.given)
    return "trained by the run" if dataset.model is None else identity(dataset.model)


def summary_of(found: Distillation, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line about a run: the shipped student, its quality, the cost."""
    shipped = next(asdict(record) for record in found.records if record.chosen)
    return {
        "shipped": name_of(found.chosen),
        **{name: shipped[name] for name in ("temperature", "alpha", "extra_weight")},
        "test_accuracy": shipped["accuracy"],
        "test_macro_f1": shipped["macro_f1"],
        "test_auc_roc": shipped["auc"],
        "test_log_loss": shipped["log_loss"],
        "retention": shipped["retention"],
        "kl_divergence": shipped["kl"],
        "bytes": shipped["bytes"],
        "cpu_seconds": kept["cpu_seconds"],
        "seconds": found.counts["seconds"]["total"],
        "models_trained": found.counts["models_trained"],
        "models_refitted": kept["models_refitted"],
        **{name: found.counts[name] for name in ("teacher_fits", "teacher_calls", "cache_hits")},
        "resumed": found.counts["resumed"],
        "regime": found.verdict.regime,
        "verdict": found.verdict.outcome,
    }


def _student(distiller: AutoDistiller, row: Mapping[str, Any]) -> Predictor:
    cell = (row["model_type"], row["temperature"], row["alpha"])
    return distiller.get_trained_model(*cell, extra_weight=row["extra_weight"])


def _write(folder: Path, kept: Mapping[str, Any], students: Sequence[Predictor]) -> None:
    """Store an experiment's record of a run beside its journal, which is saved with it."""
    with explain_write_errors(folder, CURE):
        (folder / STUDENTS).mkdir(parents=True, exist_ok=True)
        for at, student in enumerate(students):
            write_atomically(folder / STUDENTS / f"{at}.hpmkd", student.to_bytes())
        write_atomically(folder / CONFIGURATIONS, json.dumps(kept, allow_nan=False).encode())


def _read(folder: Path) -> dict[str, Any]:
    """Return an experiment's record of a run."""
    kept: dict[str, Any] = read_json(folder / CONFIGURATIONS, dict)
    if damage := _damage(folder, kept):
        raise RunFolderError(
            f"{folder / CONFIGURATIONS} is damaged: {damage}. Take it from a backup, or remove "
            "that folder: its run is made again"
        )
    return kept


def _damage(folder: Path, kept: Mapping[str, Any]) -> str | None:
    """Return what is wrong with it; None if all is there."""
    if missing := sorted(KEPT - set(kept)):
        return f"it has no {', '.join(missing)}"
    if not isinstance(kept["rows"], list):
        return f"got rows {kept['rows']!r}; expected a list"
    students = [f"{STUDENTS}/{at}.hpmkd" for at in range(len(kept["rows"]))]
    lost = [name for name in students if not (folder / name).is_file()]
    return f"there is no {', '.join(lost)}" if lost else None


def _plain(value: Any) -> Any:
    """Return a value of a frame as JSON knows it; unknown values are None."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and math.isnan(value) else value
