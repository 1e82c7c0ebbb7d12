"""The best student so far, in a file, while the run continues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.errors import HpmkdError
from hpmkd.files import write_atomically
from hpmkd.student import Student
from hpmkd.training.provenance import TRAINING, Provenance, Run

if TYPE_CHECKING:
    from hpmkd.evaluation.ranking import SortKey, TrialRanking
    from hpmkd.values import Trial


class BestSoFar:
    """Writes the draft of the best trial.

    Without a path, drafts are dropped. `on_trouble` receives the reason why the file cannot be
    written.
    """

    def __init__(
        self, path: Path | None = None, on_trouble: Callable[[str], None] = lambda reason: None
    ) -> None:
        self.path, self._on_trouble = path, on_trouble
        self._best: SortKey | None = None

    def begin(self, ranking: TrialRanking, run: Run) -> None:
        """Set what trials are ranked by, and which run their students describe."""
        self._ranking, self._run = ranking, run

    @property
    def wanted(self) -> bool:
        """Whether trials should bring their drafts."""
        return self.path is not None

    def offer(self, trial: Trial) -> Trial:
        """Write the student of a trial that is better than all before.

        The trial comes back without its draft, which may be large.
        """
        trial = self._ranking.preferred(trial) if self.path is not None else trial
        if self.path is not None and trial.eligible:
            sort_key = self._ranking.sort_key(trial)
            if self._best is None or sort_key < self._best:
                self._best = sort_key
                if trial.draft is not None:
                    self._write(self.path, trial.draft, trial)
        shorter = tuple(replace(each, draft=None) for each in trial.shorter)
        return replace(trial, draft=None, shorter=shorter)

    def facts(self) -> Mapping[str, Any] | None:
        """Return the facts of its student's training that the file holds; None without one."""
        if self.path is None:
            return None
        try:
            facts: Mapping[str, Any] | None = Student.load(self.path).facts.get(TRAINING)
        except HpmkdError:
            return None
        return facts

    def _write(self, path: Path, draft: bytes, trial: Trial) -> None:
        try:
            student = Student.from_bytes(draft)
        except HpmkdError:  # of a foreign class
            content = draft
        else:
            training = Provenance(self._run).facts_of(trial.configuration, trial)
            content = replace(student, facts={**student.facts, TRAINING: training}).to_bytes()
        try:
            write_atomically(path, content)
        except OSError as error:
            self._on_trouble(f"{path} cannot be written: {error.strerror or error}")
