"""The best student so far, in a file, while the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.errors import HpmkdError
from hpmkd.provenance import TRAINING, Provenance
from hpmkd.student import Student
from hpmkd.whole import write_whole

if TYPE_CHECKING:
    from hpmkd.provenance import Run
    from hpmkd.standing import Merit, Standing
    from hpmkd.values import Trial

#: Under which name a student's facts tell by which trial it is the best so far.
TRIAL = "trial"


class BestSoFar:
    """Keeps the draft of the best trial.

    Parameters
    ----------
    path : Path, optional
        The file to write; without one, drafts are dropped.
    on_trouble : callable
        Told, once, why the file cannot be written.
    """

    def __init__(
        self, path: Path | None = None, on_trouble: Callable[[str], None] = lambda reason: None
    ) -> None:
        self.path, self._on_trouble, self._troubled = path, on_trouble, False
        self._merit: Merit | None = None
        #: The best trial so far.
        self.trial: Trial | None = None
        # In a run that goes on: until that trial comes by again, the file is better.
        known = None if path is None else told_by(path)
        self._awaited = None if known is None else known[TRIAL]

    def offer(self, trial: Trial, standing: Standing, run: Run) -> Trial:
        """Write the student of a trial that is better than all before.

        Parameters
        ----------
        trial : Trial
            With its draft.
        standing : Standing
            Ranks it.
        run : Run
            What its student tells of the run.

        Returns
        -------
        Trial
            Without its draft, which may be large.
        """
        draft, bare = trial.draft, replace(trial, draft=None)
        if trial.failure is not None or trial.configuration.share < 1:
            return bare
        merit = standing.merit(trial)
        if self._merit is None or merit < self._merit:
            self._merit, self.trial = merit, bare
            if draft is not None and self.path is not None and self._awaited is None:
                self._write(self.path, draft, trial, run)
        if trial.number == self._awaited:
            self._awaited = None
        return bare

    def _write(self, path: Path, draft: bytes, trial: Trial, run: Run) -> None:
        try:
            write_whole(path, _signed(draft, trial, run))
        except OSError as error:
            if not self._troubled:
                self._troubled = True
                self._on_trouble(f"{path} cannot be written: {error.strerror or error}")


def told_by(path: Path) -> Mapping[str, Any] | None:
    """Return what the file of the best student so far tells of it; None if there is none.

    Its stage, its ``selection_log_loss``, the number of its trial, and more; see
    :class:`~hpmkd.provenance.Provenance`.
    """
    try:
        facts = Student.load(path).facts
    except HpmkdError:
        return None
    return {**facts[TRAINING], TRIAL: facts[TRIAL]} if {TRAINING, TRIAL} <= set(facts) else None


def _signed(draft: bytes, trial: Trial, run: Run) -> bytes:
    try:
        student = Student.from_bytes(draft)
    except HpmkdError:
        return draft  # of a foreign class
    told = Provenance(run).facts_of(trial.configuration, trial)
    return replace(student, facts={**student.facts, TRAINING: told, TRIAL: trial.number}).to_bytes()
