"""The result of a run."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.errors import RunFolderError
from hpmkd.evaluation.leaderboard import ModelRecord, to_frame
from hpmkd.evaluation.leaderboard_text import to_text
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.evaluation.selection import pick, unmet
from hpmkd.recipe.recipe import Recipe, read_limits
from hpmkd.runs.checkpoint_folder import place_of
from hpmkd.runs.content import read_content, write_content
from hpmkd.runs.folder import writing
from hpmkd.runs.optuna_study import as_plain
from hpmkd.student import Student
from hpmkd.training.ensemble import ENSEMBLE

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.run_handle import RunHandle
    from hpmkd.evaluation.gates import Gate
    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.evaluation.row_details import RowDetails
    from hpmkd.evaluation.verdict import Verdict
    from hpmkd.knowledge.fusion import Knowledge
    from hpmkd.report.plots import Plots
    from hpmkd.training.ensemble import Ensemble
    from hpmkd.values import Configuration, Trial

DEPENDENCIES = ("hpmkd", "numpy", "numba", "scikit-learn", "xgboost", "pandas")


@dataclass(frozen=True)
class Picked:
    """The result of :meth:`Distillation.pick`: a student, and its figures."""

    summary: StudentSummary
    student: Predictor

    @property
    def name(self) -> str:
        """The student's name; that of its file in ``students/``."""
        return self.summary.name


@dataclass(frozen=True, repr=False)
class Distillation:
    """The result of a run.

    Parameters
    ----------
    students : mapping of str to Student
        The best student of each stage, fitted on all training rows; where trials saw a part of
        these (``split.trial_rows``), on all but the selection rows.
    chosen : str
        Name of the shipped student: the stage that the selection rows rank first, ``"ensemble"``
        for a pool, or a smaller one that is as good.
    records : tuple of ModelRecord
        The leaderboard.
    knowledge : Knowledge
        What the teachers know, and how they were fused.
    verdict : Verdict
        Whether distilling paid.
    counts : mapping
        Models trained, teacher calls, cache hits, seconds by phase, peak memory.
    recipe : Recipe
        What ran.
    facts : mapping
        Seed, versions and size of the data.
    trials : tuple of Trial
        Every configuration evaluated, in the order of request; empty in a loaded run.
    ensemble : Student or Ensemble, optional
        The best students fused, a predictor beside the single student: a student in a file of
        its own where ``facts["ensemble"]["unpacked"]`` is None. Otherwise that is the reason, and
        the ensemble lives as long as this object.
    gates : tuple of Gate
        Steps that were taken or refused, and why: of the fuser, for teachers and for the
        ensemble, if it has a gate; of the collapse, if the recipe requests it.
    recorded : tuple of mapping
        The trials of a loaded run, as plain values.
    evidence : RowDetails, optional
        Details of teacher, control and student on the test rows, for pictures.
    front : tuple of StudentSummary
        All students that were fitted on all rows, by selection log loss: what
        :meth:`pick` picks from.
    further : mapping of str to Predictor
        Those of them that are not in `students`: controls and others of the Pareto front.
    journal : Path, optional
        The folder in which the run stored finished results; :meth:`save` may replace it.
    kept : int
        How many finished results that folder held at the end of the run.
    handle : RunHandle, optional
        Fits further students; only a run that was just made has it.
    """

    students: Mapping[str, Predictor]
    chosen: str
    records: tuple[ModelRecord, ...]
    knowledge: Knowledge
    verdict: Verdict
    counts: Mapping[str, Any]
    recipe: Recipe
    facts: Mapping[str, Any]
    trials: tuple[Trial, ...] = ()
    ensemble: Student | Ensemble | None = None
    gates: tuple[Gate, ...] = ()
    recorded: tuple[Mapping[str, Any], ...] = ()
    evidence: RowDetails | None = None
    front: tuple[StudentSummary, ...] = ()
    further: Mapping[str, Predictor] = field(default_factory=dict)
    journal: Path | None = None
    kept: int = 0
    handle: RunHandle | None = None

    def __getstate__(self) -> dict[str, Any]:
        # What fits further students holds the registry of this process, and the rows.
        return {**self.__dict__, "handle": None}

    def __repr__(self) -> str:
        return (
            f"<Distillation: {self.chosen!r} chosen of {', '.join(self.students)}; "
            f"{self.verdict.sentence}>"
        )

    def __str__(self) -> str:
        return f"{to_text(self.records)}\n{self.verdict.outcome}. {self.verdict.sentence}"

    def _repr_html_(self) -> str:
        """Return the verdict, what to ship and the leaderboard, as notebooks show them."""
        from hpmkd.runs.notebook import distillation_html

        return distillation_html(self)

    @property
    def plot(self) -> Plots:
        """The pictures of the report as Matplotlib axes: ``found.plot.tradeoff()``."""
        # By name: the report reads runs, and no run needs the report.
        plots: Plots = import_module("hpmkd.report.plots").Plots(self)
        return plots

    @property
    def history(self) -> tuple[Mapping[str, Any], ...]:
        """Every configuration evaluated, as plain values; of a loaded run, too."""
        return (*map(as_plain, self.trials), *self.recorded)

    @property
    def student(self) -> Predictor:
        """The student to ship."""
        return self.students[self.chosen]

    @property
    def by_name(self) -> Mapping[str, Predictor]:
        """All students to pick from by name, the ensemble among them."""
        fused: dict[str, Predictor] = {}
        if isinstance(self.ensemble, Student):
            fused[ENSEMBLE] = self.ensemble
        return {**fused, **self.students, **self.further}

    @property
    def leaderboard(self) -> pd.DataFrame:
        """Teachers, controls and students as a frame, one row each."""
        return to_frame(self.records)

    def unmet(self, run: str | Path = "DIR") -> str | None:
        """Return why the student to ship breaks a limit of the recipe; None if it keeps them.

        Parameters
        ----------
        run : str or Path
            The run folder, for the command to type next.
        """
        if not self.recipe.limits:
            return None
        ranking = TrialRanking(self.recipe.limits, self.facts["selection"]["teacher_accuracy"])
        return unmet(self.front, self.history, ranking, run)

    def pick(
        self,
        max_size: int | str | None = None,
        max_latency: float | str | None = None,
        min_retention: float | str | None = None,
    ) -> Picked:
        """Pick the best student within limits from those that are fitted, without training.

        Without a limit, those of the run apply: the shipped student. With any, only the given ones:
        of the students that keep them, the one of least loss on the selection rows.

        Parameters
        ----------
        max_size : int or str, optional
            Bytes of its file, or a text such as ``"50KB"``. Where it has no room for the sketch of
            the training rows, the student comes without it.
        max_latency : float or str, optional
            Microseconds of one row, or a text such as ``"2us"``.
        min_retention : float or str, optional
            Its accuracy on the selection rows over that of the teacher, or a text such as
            ``"99%"``.

        Returns
        -------
        Picked
            The student, and its figures.

        Raises
        ------
        LimitsError
            If none keeps them; the message names the unmet limit and the nearest students.
        RecipeError
            If a limit is not valid.
        """
        given = {"max_size": max_size, "max_latency": max_latency, "min_retention": min_retention}
        shipped = next(each for each in self.front if each.chosen)
        if set(given.values()) == {None} and not self.recipe.limits.broken(shipped.metrics):
            # Of what is as good, the run ships the smallest.
            return Picked(shipped, self.by_name[shipped.name])
        limits = self.recipe.limits if set(given.values()) == {None} else read_limits(given)
        summary = pick(self.front, limits)
        student = self.by_name[summary.name]
        if isinstance(student, Student):
            student = student.within(limits.max_size)
        return Picked(summary, student)

    def fit(self, configuration: Configuration) -> Predictor:
        """Fit another student on the rows of :attr:`students` and the same soft targets.

        The rows that were handed in must not change in between, because no copy of them is
        kept.

        Parameters
        ----------
        configuration : Configuration
            That of any of :attr:`trials`, or one like it.

        Raises
        ------
        RunFolderError
            If this run was loaded: a run folder keeps no training rows.
        PluginError
            If the stage fails.
        """
        if self.handle is None:
            raise RunFolderError(
                "a loaded run cannot fit further students, for a run folder keeps no training "
                "rows; expected a run that was just made: hpmkd.distill(…).fit(configuration)"
            )
        return self.handle.fit(configuration)

    @property
    def models_trained(self) -> int:
        """How many students the run trained, with those of :meth:`fit`."""
        if self.handle is None:
            return int(self.counts["models_trained"])
        return self.handle.models_trained

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the run folder, all of it or nothing.

        Parameters
        ----------
        folder : path
            Made if missing.
        overwrite : bool
            Replace an existing run, or an unfinished one. The unfinished one of which this is
            the end is replaced anyway.

        Raises
        ------
        RunFolderError
            If it exists, or cannot be written.
        """
        folder, cure = Path(folder), "choose another --out"
        if self.journal is not None:
            overwrite = overwrite or place_of(self.journal) == place_of(folder)
            cure = (
                f"{self.kept} finished results are kept in {self.journal}: fix that, then resume it"
            )
        with writing(folder, overwrite=overwrite, cure=cure) as draft:
            write_content(self, draft)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Distillation:
        """Read a run folder; nothing in it is executed.

        Raises
        ------
        StudentFileError
            If it is not a run folder, is damaged, or is of a newer version.
        """
        return cls(**read_content(Path(folder)))


def facts_of_run(seed: int, training: Dataset, test: Dataset) -> dict[str, Any]:
    """Return what is needed, beside data and recipe, to repeat a run, and the day (UTC)."""
    from hpmkd.data.fingerprint import version_of  # who loads a run needs no hashing

    return {
        "made": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "rows": {"training": len(training), "test": len(test)},
        "digests": {"training": training.digest, "test": test.digest},
        "columns": training.facts.n_columns,
        "classes": training.classes.tolist(),
        "versions": {"python": platform.python_version()}
        | {name: version_of(name) for name in DEPENDENCIES},
    }
