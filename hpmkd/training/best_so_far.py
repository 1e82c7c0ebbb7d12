"""The best student so far, in a file, while the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.errors import HpmkdError
from hpmkd.evaluation.ranking import NO_LIMITS
from hpmkd.files import write_whole
from hpmkd.student import Student
from hpmkd.training.provenance import TRAINING, Provenance, Run

if TYPE_CHECKING:
    from hpmkd.evaluation.ranking import SortKey, TrialRanking
    from hpmkd.values import Trial

#: Under which name a student's facts tell by which trial it is the best so far.
TRIAL = "trial"
NOBODY = Run("", 0, 0, "")


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
        self._merit: SortKey | None = None
        self._standing, self._run = NO_LIMITS, NOBODY
        self._awaited: Mapping[str, Any] | None = None

    def begin(self, ranking: TrialRanking, run: Run) -> None:
        """Learn what trials are ranked by, and what their students tell of the run."""
        self._standing, self._run = ranking, run
        # In a run that goes on: until that trial comes by again, the file is better.
        self._awaited = None if self.path is None else told_by(self.path)

    @property
    def wanted(self) -> bool:
        """Whether trials should bring their drafts."""
        return self.path is not None

    def offer(self, trial: Trial) -> Trial:
        """Write the student of a trial that is better than all before.

        Returns
        -------
        Trial
            Without its draft, which may be large.
        """
        draft, bare = trial.draft, replace(trial, draft=None)
        if trial.failure is not None or trial.configuration.share < 1:
            return bare
        sort_key = self._standing.sort_key(trial)
        if self._merit is None or sort_key < self._merit:
            self._merit = sort_key
            if draft is not None and self.path is not None and self._awaited is None:
                self._write(self.path, draft, trial)
        if self._awaited is not None and _is_of(self._awaited, trial):
            self._awaited = None
        return bare

    def _write(self, path: Path, draft: bytes, trial: Trial) -> None:
        try:
            write_whole(path, _signed(draft, trial, self._run))
        except OSError as error:
            if not self._troubled:
                self._troubled = True
                self._on_trouble(f"{path} cannot be written: {error.strerror or error}")


def told_by(path: Path) -> Mapping[str, Any] | None:
    """Return what the file of the best student so far tells of it; None if there is none.

    Its stage, its ``selection_log_loss``, the number of its trial, and more; see
    :class:`~hpmkd.training.provenance.Provenance`.
    """
    try:
        facts = Student.load(path).facts
    except HpmkdError:
        return None
    return {**facts[TRAINING], TRIAL: facts[TRIAL]} if {TRAINING, TRIAL} <= set(facts) else None


def _is_of(told: Mapping[str, Any], trial: Trial) -> bool:
    loss = round(trial.log_loss, 6)
    return bool(told[TRIAL] == trial.number and told["selection_log_loss"] == loss)


def _signed(draft: bytes, trial: Trial, run: Run) -> bytes:
    try:
        student = Student.from_bytes(draft)
    except HpmkdError:
        return draft  # of a foreign class
    told = Provenance(run).facts_of(trial.configuration, trial)
    return replace(student, facts={**student.facts, TRAINING: told, TRIAL: trial.number}).to_bytes()
