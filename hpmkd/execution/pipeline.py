"""Where the tasks of a run go: balanced over workers, or done here where that is faster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hpmkd.execution.captured_output import CapturedWarning, this_place
from hpmkd.execution.cost_model import CostModel, Load
from hpmkd.execution.jobs import Job, TaskResult, perform
from hpmkd.execution.placement import crowding
from hpmkd.values import Lost

if TYPE_CHECKING:
    from hpmkd.contracts import Executor
    from hpmkd.execution.journal import Journal

#: Rows of a task that takes longer than processes take to start, whatever it does with them.
MANY_ROWS = 100_000


class ParallelDistillationPipeline:
    """Takes all tasks of a run to where they are done.

    What the journal has is not done again. Of the rest, the tasks that are expected to take
    longest go first, so that no worker is left with a long one at the end. Processes are
    started once the work that they save is worth their start: when the tasks at hand are
    expected to save as much, or, since what lies ahead is not known, when the work done here
    so far would have saved as much (the rule of renting before buying, which costs at most
    twice the best possible). Where and in which order tasks run changes no result.

    Parameters
    ----------
    executor : Executor
        Where tasks run; closed by :meth:`close`.
    here : Executor, optional
        Runs tasks in this process as long as that is faster; by default nothing does.
    start_seconds : float
        What starting the workers of `executor` costs.
    trial_seconds : float
        How long a task of a timed job may take; 0 for any time.
    notify : callable
        Notifies observers, as :meth:`hpmkd.registry.registry.Registry.notify` does.
    journal : Journal, optional
        Where results are stored.
    """

    def __init__(
        self,
        executor: Executor,
        *,
        here: Executor | None = None,
        start_seconds: float = 0.0,
        trial_seconds: float = 0.0,
        notify: Callable[..., None] = lambda hook, **facts: None,
        journal: Journal | None = None,
    ) -> None:
        # One worker saves no time: it is set to have a process of its own.
        waits = executor.workers > 1 and start_seconds > 0 and not trial_seconds
        # Workers that stand ready need no start that a small job could save.
        waits = waits and not getattr(executor, "standing", False)
        self._here, self._closing = (here if waits else None), (executor, here)
        self._executor, self._notify, self._journal = executor, notify, journal
        self._start_seconds, self._timeout = start_seconds, trial_seconds or None
        self._home, self._warned = this_place(), set[CapturedWarning]()
        self._crowding = crowding(executor.workers) if getattr(executor, "local", False) else None
        self._costs, self._calls, self._here_seconds = CostModel(), Counter[str](), 0.0
        #: Peak memory in MB of each process that did a task, as it was when it did its last.
        self.peaks: dict[str, float] = {}

    def run(self, job: Job, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield ``(index, result)`` of every task, as they complete.

        Parameters
        ----------
        job : Job
            What is done.
        shared : object
            What all tasks need.
        tasks : sequence
            One for each result.
        """
        keys = [self._key(job, shared, task) for task in tasks]
        left = []
        for index, key in enumerate(keys):
            try:
                result = self._recalled(key)
            except KeyError:
                left.append(index)
            else:
                yield index, result
        for index, result in self._performed(job, shared, [tasks[index] for index in left]):
            lost = isinstance(result, Lost)
            if self._journal is not None and not lost and not job.failed(result):
                result = self._journal.put(keys[left[index]], result)
            yield left[index], job.lost(tasks[left[index]], result.reason) if lost else result

    def prepare(self, function: Callable[[Any], Any], shared: Any) -> None:
        """Announce what tasks to come will need to an executor that prepares; see its contract."""
        prepare = getattr(self._executor, "prepare", None)
        if prepare is not None:
            prepare(function, shared)

    def close(self) -> None:
        """Free processes; calling it twice is harmless."""
        if self._here is not None and self._here_seconds:
            self._note(
                f"no worker was started: all tasks took {self._here_seconds:.1f} s in this "
                f"process, and starting {self._executor.workers} takes about "
                f"{self._start_seconds:g} s (pipeline.start_seconds)"
            )
            self._here_seconds = 0.0
        for each in self._closing:
            if each is not None:
                each.close()

    def _key(self, job: Job, shared: Any, task: Any) -> str:
        """Return the name of a result in the journal; the same task given again is another."""
        if self._journal is None:
            return ""
        key = f"{job.name} {job.key(shared, task)}"
        self._calls[key] += 1
        return f"{key} {self._calls[key]}"

    def _recalled(self, key: str) -> Any:
        if self._journal is None:
            raise KeyError(key)
        return self._journal.get(key)

    def _performed(self, job: Job, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Do tasks, the longest first."""
        loads = [job.load(shared, task) for task in tasks]
        waiting = list(range(len(tasks)))
        left = set(waiting)
        timeout = self._timeout if job.timed else None
        while waiting:
            # Each time: what was done here in between informs about the others.
            waiting = [waiting[at] for at in self.balanced([loads[at] for at in waiting])]
            place, share = self._place([loads[at] for at in waiting])
            if place is self._executor and self._crowding is not None:
                self._note(self._crowding)
                self._crowding = None
            chosen, waiting = waiting[:share], waiting[share:]
            requests = [(job.function, tasks[at], self._home) for at in chosen]
            self._tell(job, loads, left, place)
            for at, done in place.run(perform, shared, requests, timeout=timeout):
                index = chosen[at]
                left.remove(index)
                if not isinstance(done, Lost):
                    done.output.repeat(self._warned)
                    self.peaks[done.process] = done.peak_mb
                    self._learn(loads[index], done, place)
                self._tell(job, loads, left, place)
                yield index, done if isinstance(done, Lost) else done.result

    def balanced(self, loads: Sequence[Load]) -> list[int]:
        """Return the positions of tasks, longest first; before them those not known yet."""
        expected = [self._costs.expect(load) for load in loads]

        def longest(at: int) -> tuple[bool, float]:
            seconds = expected[at]
            return seconds is not None, -(seconds or 0.0)

        return sorted(range(len(loads)), key=longest)

    def _place(self, loads: Sequence[Load]) -> tuple[Executor, int]:
        """Return where to continue, and with how many of the tasks that wait."""
        if self._here is None:
            return self._executor, len(loads)
        reason = self._worth_starting(loads)
        if reason is None:
            return self._here, 1
        self._note(f"{self._executor.workers} workers are started: {reason}")
        self._here = None
        return self._executor, len(loads)

    def _worth_starting(self, loads: Sequence[Load]) -> str | None:
        """Return why workers should be started now; None as long as they should not."""
        rows = [load.sizes.get("rows", 0) for load in loads if self._costs.expect(load) is None]
        if max(rows, default=0) > MANY_ROWS:
            return f"there are tasks on {max(rows):.0f} rows"
        ahead = sum(self._sure(load) or 0.0 for load in loads)
        saved = (1 - 1 / self._executor.workers) * max(ahead, self._here_seconds)
        if saved <= self._start_seconds:
            return None
        return (
            f"about {saved:.1f} s are saved by them, and starting takes about "
            f"{self._start_seconds:g} s (pipeline.start_seconds)"
        )

    def _sure(self, load: Load) -> float | None:
        """Return the expected seconds of a task, unless they might be mostly loading."""
        return self._costs.expect(load) if self._costs.sure(load) else None

    def _learn(self, load: Load, done: TaskResult, place: Executor) -> None:
        self._costs.learn(load, done.seconds, done.process)
        if place is self._here:
            self._here_seconds += done.seconds

    def _tell(self, job: Job, loads: Sequence[Load], left: set[int], place: Executor) -> None:
        known = [self._sure(loads[at]) for at in left]
        busy = min(place.workers, len(left))
        self._notify(
            "hpmkd_work_advanced",
            job=job.name,
            done=len(loads) - len(left),
            total=len(loads),
            busy=busy,
            workers=place.workers,
            seconds_left=None if None in known else sum(filter(None, known)) / max(busy, 1),
        )

    def _note(self, note: str) -> None:
        self._notify("hpmkd_noted", note=note)
