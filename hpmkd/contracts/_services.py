"""Services of a run: the search, the memory, the cache, and where tasks run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import Configuration, DataFacts, Hyperparameter, Outcome, Trial


@runtime_checkable
class Sampler(Protocol):
    """Chooses which configurations to try. Works in batches.

    The engine builds one with ``factory(space, **settings)``; then, until ``ask`` returns
    nothing, it requests a batch, evaluates it (in any number of processes) and passes the
    trials to ``tell`` one by one **in the order of request**. All in the parent process, one
    thread. All that it draws must follow from ``space.seed``, so that the same seed gives the
    same run at any number of workers. The engine itself adds the control
    (hard labels alone) of every stage's best configuration, whether or not the sampler requested
    it, and reports it, too.
    """

    #: How many configurations it will request, for progress bars; None if it cannot know.
    total: int | None

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return up to `n` configurations to evaluate next; an empty sequence ends the search.

        The first one may not be empty. What was tried already costs nothing and is reported again,
        but a search that requests nothing new a thousand times in a row counts as broken.
        """
        ...

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a configuration; failed trials are reported, too."""
        ...


@runtime_checkable
class Memory(Protocol):
    """Keeps what was learned about configurations, from run to run.

    Built once per run with ``factory(**settings)``; used in the parent process only, though
    by several runs at once, in several processes. Read before the search, written after it.
    What a run learned about a data set never changes another run on the same data set
    (``facts.digest``): so the same command gives the same student when it is typed again.
    It keeps no rows and no labels. If it fails, the run continues without it.
    """

    def suggest(self, facts: DataFacts, stage: str) -> Sequence[Mapping[str, Hyperparameter]]:
        """Return hyperparameters that did well on data like this, the most promising first.

        A few at most; an empty sequence if too little is known. The engine leaves out what
        the stage's space no longer holds.
        """
        ...

    def outcomes(self, facts: DataFacts) -> Sequence[Outcome]:
        """Return the outcomes of other data sets, those most like this one first."""
        ...

    def remember(self, facts: DataFacts, outcomes: Sequence[Outcome]) -> None:
        """Keep what a run learned, beside what earlier runs on the same data learned.

        For each stage, the outcomes of one run stay: of the run that has more of them, of two
        with equally many the newer. A stage that this run did not try stays unchanged. The
        facts of this run replace the earlier ones.
        """
        ...


@runtime_checkable
class Cache(Protocol):
    """Keeps arrays that are expensive to compute.

    One per run, or shared by several (``distill(cache=…)``), also from several threads: two
    calls with one key compute once, and the second waits. Keys are digests of content.
    """

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return the entry, computing it if missing. The array is read-only."""
        ...

    def stats(self) -> Mapping[str, int]:
        """Return counts since it was made: ``hits``, ``misses``, ``bytes``, ``evictions``.

        It may report more, which a run then shows: ``disk_hits``, how many of the hits were read
        from files; ``REGION_hits``, ``REGION_misses`` and ``REGION_disk_hits`` of each region.
        """
        ...


@runtime_checkable
class BatchCache(Cache, Protocol):
    """A cache that also takes a batch: look up many keys, compute the missing ones together.

    Both methods are optional: a cache without them is called one key at a time. ``get_many``
    claims nothing, unlike ``get_or_compute``: two runs that look up one missing key at the same
    time both compute it, and the entry put last stays.
    """

    def get_many(self, region: str, keys: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """Return the read-only entries in the order of `keys`, None for each that is missing.

        Each key counts as one hit or one miss in ``stats``.
        """
        ...

    def put(self, region: str, key: str, array: NDArray[Any]) -> NDArray[Any]:
        """Keep an array, and return the read-only entry as ``get_or_compute`` would.

        It counts as neither hit nor miss.
        """
        ...


@runtime_checkable
class Executor(Protocol):
    """Runs independent tasks, here or in other processes.

    Built once per run with ``factory(**settings)``, used for several batches, then closed.
    Each task computes with one thread. Tasks start in their order: the longest
    come first.

    It may have ``prepare(function, shared)``, which is called at its start with what tasks to
    come will need. Processes that have no task may then unpickle `shared`, which loads
    libraries, and call ``function(shared)``, once each; what that returns or raises is ignored.

    It may have ``local``: True if its workers are processes of this machine. Then a run warns
    where they are more than its cores.

    It may have ``standing``, True if its workers are there before the run and stay after it. Then
    all tasks go to them; else those of a small job are done in the process of the run, as long
    as starting workers would cost more than they save.
    """

    #: How many tasks run at a time, >= 1.
    workers: int
    #: Whether it can give up a task that takes too long, and survives one that kills its process.
    gives_up: bool

    def run(
        self,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        *,
        timeout: float | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Yield ``(index, function(shared, tasks[index]))`` as the tasks complete.

        `function` is importable by name, `shared` and tasks can be pickled. Arrays in
        `shared` reach each process once and may come back read-only. An exception in a task
        is raised here, unchanged. Closing the iterator early drops what has not started.

        A task whose process dies, or that takes longer than `timeout` seconds, is retried once,
        with a :class:`~hpmkd.errors.WorkerWarning`; if that happens again, it has a
        :class:`~hpmkd.values.Lost` in place of its result. The other tasks continue. An executor
        that does not give up (``gives_up`` is False) is never handed a timeout.
        """
        ...

    def close(self) -> None:
        """Free processes and temporary files. Calling it twice is harmless."""
        ...
