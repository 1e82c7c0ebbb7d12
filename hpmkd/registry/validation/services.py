"""Guards around what serves a whole run: cache and executor."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import contracts
from hpmkd.registry.registry import PluginWarning
from hpmkd.registry.validation.base import Guard, expect

if TYPE_CHECKING:
    from numpy.typing import NDArray


class CacheGuard(Guard):
    """Checks that entries are arrays and counts are whole numbers."""

    contract = contracts.Cache

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return an entry."""
        failures: list[BaseException] = []
        made: list[tuple[int, ...]] = []

        def computed() -> NDArray[Any]:
            try:
                array = compute()
            except BaseException as error:
                failures.append(error)
                raise
            made.append(np.shape(array))
            return array

        try:
            with self.culprit.blamed("failed in get_or_compute"):
                entry = self.component.get_or_compute(region, key, computed)
                expect("what get_or_compute returned", entry, np.ndarray, "an array")
                if made and entry.shape != made[-1]:
                    raise ValueError(f"returned shape {entry.shape}; {made[-1]} was computed")
        except Exception:
            # What the computation itself raised is none of the cache's faults.
            if failures:
                raise failures[-1] from None
            raise
        array: NDArray[Any] = entry
        return array

    def stats(self) -> dict[str, int]:
        """Return its counts, as Python's own integers: a run folder keeps them as JSON."""
        with self.culprit.blamed("failed in stats"):
            counts = self.component.stats()
            expect("what stats returned", counts, Mapping, "a mapping of counts")
            return {str(name): operator.index(count) for name, count in counts.items()}


class ExecutorGuard(Guard):
    """Checks that every task has one result."""

    contract = contracts.Executor

    def check(self) -> None:
        """Refuse a number of workers that is none."""
        workers = self.component.workers
        expect("its number of workers", workers, int, "an integer of 1 or more")
        if workers < 1:
            raise ValueError(f"its number of workers is {workers}; expected 1 or more")
        expect("its gives_up", self.component.gives_up, bool, "True or False")
        for name in ("local", "standing"):
            expect(f"its {name}", getattr(self.component, name, False), bool, "True or False")

    @property
    def workers(self) -> int:
        """How many tasks run at a time."""
        workers: int = self.component.workers
        return workers

    @property
    def gives_up(self) -> bool:
        """Whether it can give up a task that takes too long."""
        gives_up: bool = self.component.gives_up
        return gives_up

    @property
    def local(self) -> bool:
        """Whether its workers are processes of this machine; what does not say so has none here."""
        local: bool = getattr(self.component, "local", False)
        return local

    @property
    def standing(self) -> bool:
        """Whether its workers are there before the run."""
        standing: bool = getattr(self.component, "standing", False)
        return standing

    def prepare(self, function: Callable[[Any], Any], shared: Any) -> None:
        """Say what tasks to come will need, if it wants to know."""
        with self.culprit.blamed("failed in prepare"):
            getattr(self.component, "prepare", _nothing)(function, shared)

    def run(
        self,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        *,
        timeout: float | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Yield results as they complete."""
        missing = set(range(len(tasks)))
        bound = {} if timeout is None else {"timeout": timeout}
        with self.culprit.blamed("failed in run"):
            results = iter(self.component.run(function, shared, tasks, **bound))
            try:
                for result in results:
                    missing.remove(_index(result, missing))
                    yield result
            finally:
                # A generator is told at once that nobody listens any more.
                getattr(results, "close", _nothing)()
            if missing:
                raise ValueError(f"run ended without a result of task {min(missing)}")

    def close(self) -> None:
        """Free what it holds; a failure costs a warning, not the finished run."""
        try:
            with self.culprit.blamed("failed in close"):
                self.component.close()
        except Exception as error:
            warnings.warn(str(error), PluginWarning, stacklevel=2)


def _index(result: object, missing: set[int]) -> int:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(f"run yielded {result!r:.80}; expected (index, result)")
    index: int = operator.index(result[0])
    if index not in missing:
        raise ValueError(f"run yielded a result of task {index}, which was done or never given")
    if result[1] is None:
        raise TypeError(f"run yielded None as the result of task {index}; no task returns that")
    return index


def _nothing(*told: object) -> None:
    pass
