"""The memory of all runs of a user: a small store, read before a search, written after it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, TypeVar

from hpmkd.errors import warn
from hpmkd_defaults.memories import folder, store
from hpmkd_defaults.memories.expected_regret import promising
from hpmkd_defaults.memories.records import learned
from hpmkd_defaults.memories.schema import DamagedStoreError
from hpmkd_defaults.memories.shipped import shipped
from hpmkd_defaults.memories.similarity import distance, may_be_the_same
from hpmkd_defaults.memories.store import RecordStore
from hpmkd_defaults.settings_types import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpmkd.values import DataFacts, Hyperparameter, Outcome
    from hpmkd_defaults.memories.records import Learned

Answer = TypeVar("Answer")
#: Most outcomes that are returned, in whole data sets, the nearest.
MAX_RETURNED = 5000


class MemoryWarning(UserWarning):
    """The memory cannot be used, or had to be restarted; the run continues."""


class SharedOptimizationMemory:
    """Remembers what was tried on which kind of data, in a SQLite file.

    Beside it stands what comes with hpmkd: outcomes of open data sets.

    What it holds of a data set itself never counts for a run on that data set; nor does what
    comes with hpmkd, if it may be of that data set, however divided. A file that is
    damaged, or of another version, is renamed and a new one started. Where the file cannot be
    read or written (also: a full disk), the run continues without it. Either gives a warning. It is
    read once: what other runs learn meanwhile counts once this one has remembered.

    Parameters
    ----------
    folder : str
        Where the file is; by default ``hpmkd`` in the user's data folder.
    suggestions : int
        Hyperparameters to suggest for a stage, at most; > 0.
    shipped : bool
        Whether what comes with hpmkd counts.
    """

    def __init__(self, *, folder: str = "", suggestions: Count = 2, shipped: bool = False) -> None:
        self._folder, self._suggestions, self._shipped = folder, suggestions, shipped
        self._given_up = False
        self._snapshot: list[Learned] | None = None

    def suggest(self, facts: DataFacts, stage: str) -> Sequence[Mapping[str, Hyperparameter]]:
        """Return what promises to beat the defaults; see :func:`~.expected_regret.promising`."""
        return promising(facts, self._others(facts), stage, self._suggestions)

    def outcomes(self, facts: DataFacts) -> Sequence[Outcome]:
        """Return what is known of the nearest other data sets; about ``MAX_RETURNED`` at most."""
        others = sorted(
            self._others(facts), key=lambda each: (distance(facts, each.facts), each.digest)
        )
        found: list[Outcome] = []
        for each in others:
            if found and len(found) + len(each.outcomes) > MAX_RETURNED:
                break
            found += each.as_outcomes()
        return found

    def remember(self, facts: DataFacts, outcomes: Sequence[Outcome]) -> None:
        """Keep what a run learned, unless its data set has no digest."""
        self._snapshot = None
        if facts.digest:
            record = learned(facts, outcomes)
            self._venture("written", lambda records: records.keep([record]), None)

    def _others(self, facts: DataFacts) -> list[Learned]:
        if self._snapshot is None:
            nothing: list[Learned] = []
            self._snapshot = self._venture("read", RecordStore.read, nothing)
        others = [each for each in self._snapshot if each.digest != facts.digest]
        # One less than there may be: else the run itself would push the oldest out, and with
        # it change the next run on the same data.
        others = others[: store.MAX_DATA_SETS - 1]
        return [
            *others,
            *(each for each in self._shipped_with_it() if not may_be_the_same(facts, each.facts)),
        ]

    def _shipped_with_it(self) -> Sequence[Learned]:
        if not self._shipped:
            return ()
        try:
            return shipped()
        except DamagedStoreError as error:
            self._shipped = False
            _warn(f"lacks what comes with hpmkd: {error}")
            return ()

    def _venture(
        self, done: str, call: Callable[[RecordStore], Answer], otherwise: Answer
    ) -> Answer:
        if self._given_up:
            return otherwise
        path = folder.store_path(self._folder)
        try:
            return _mended(RecordStore(path), call)
        except (OSError, sqlite3.Error, DamagedStoreError) as error:
            self._given_up = True
            reason = folder.in_the_way(path) or getattr(error, "strerror", None) or error
            _warn(
                f"cannot be {done} ({path}: {reason}); the run continues without it (another "
                "folder: --set memory.folder=DIR, none: --no-memory)"
            )
            return otherwise


def _mended(records: RecordStore, call: Callable[[RecordStore], Answer]) -> Answer:
    """Make a call; if the store is damaged, set it aside and make it on a new one."""
    try:
        return call(records)
    except DamagedStoreError as error:
        aside = records.set_aside()
        if aside is not None:
            _warn(f"cannot read {records.path} ({error}): now {aside.name}, and a new one begun")
        return call(records)


def _warn(problem: str) -> None:
    warn(f"the memory {problem}", MemoryWarning)
