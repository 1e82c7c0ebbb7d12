"""What the engine expects of each component, and when it calls what.

A component is made once per run from its :class:`~hpmkd.values.Offer`. The docstring of
each contract tells the component's life: who calls it, how often, from which process.
``hpmkd.testing`` has a conformance suite for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpmkd.values import (
        Configuration,
        DataFacts,
        FloatArray,
        Fused,
        Hyperparameter,
        IntArray,
        Previous,
        Softening,
        StageInputs,
        TrainingState,
        Trial,
    )


class Encoder(Protocol):
    """Turns a raw table into the matrix that one student family reads.

    Made and fitted by the engine (see :mod:`hpmkd.student`); stages only keep it.
    """

    def transform(self, table: Any) -> FloatArray:
        """Encode raw rows to an array of shape (n, d)."""
        ...


class Predictor(Protocol):
    """A fitted student: raw columns in, probabilities out."""

    @property
    def classes_(self) -> NDArray[Any]:
        """The K labels, in the order of the probability columns."""
        ...

    def predict_proba(self, table: Any) -> FloatArray:
        """Return probabilities of shape (n, K) for raw rows."""
        ...

    def to_bytes(self) -> bytes:
        """Return the student as the content of a ``.hpmkd`` file."""
        ...


class HyperparameterTrial(Protocol):
    """What a stage's search space is written with: Optuna's trial, and nothing more."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Draw a float from [low, high]."""
        ...

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Draw an integer from low … high, both included."""
        ...

    def suggest_categorical(self, name: str, choices: Sequence[Hyperparameter]) -> Any:
        """Draw one of the choices."""
        ...


@runtime_checkable
class Sampler(Protocol):
    """Chooses which configurations to try. Asked and told, in batches.

    The engine builds one with ``factory(space, **settings)``; then, until ``ask`` returns
    nothing, it asks for a batch, evaluates it (in any number of processes) and tells the
    trials one by one **in the order of asking**. All in the parent process, one thread.
    Whatever it draws must follow from ``space.seed``, so that the same seed gives the same
    run at any number of workers. The engine itself adds the alpha = 0 control of every
    stage's best configuration, whether or not the sampler asked for it, and tells that too.
    """

    #: How many configurations it will ask for, for progress bars; None if it cannot know.
    total: int | None

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return up to `n` configurations to evaluate next; an empty sequence ends the search."""
        ...

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a configuration; failed trials are told too."""
        ...


@runtime_checkable
class Stage(Protocol):
    """A student family and how it is fitted on soft targets.

    Built once per run with ``factory(**settings)``, pickled to worker processes, used there
    by many fits: it must keep no state between them.

    It may have a ``portfolio``, a sequence of further points of its space that are known to
    work on some data: samplers try them after the defaults, before they draw.
    """

    #: Which encoder the engine fits for it: "tree" (ordinal codes, NaN for missing),
    #: "linear" (one-hot, imputed, scaled) or "joint" (the linear columns, then the others).
    encoding: ClassVar[str]
    #: Place in the order from simple to complex; ties are broken by name.
    complexity: ClassVar[int]
    #: Hyperparameters that work untuned; a point of the search space.
    defaults: ClassVar[Mapping[str, Hyperparameter]]

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw hyperparameters with the trial's ``suggest_*`` methods."""
        ...

    def fit(self, inputs: StageInputs) -> Predictor:
        """Fit a student. Must not change `inputs`; same inputs, same student, bit for bit.

        A stage may ignore ``inputs.extra``, rows that have no label, and ``inputs.start``, a
        student to start from; all else in `inputs` is about rows that have a label.
        """
        ...


@runtime_checkable
class Transfer(Protocol):
    """A rule of the chain: what a stage takes over from the stage before it.

    Built once per run with ``factory(**settings)``, pickled to worker processes, used there
    by many fits: it must keep no state between them.
    """

    #: Whether it changes only what is taught. It is then never tried at alpha = 0, where
    #: nobody is heard.
    teaches: ClassVar[bool]
    #: Whether it needs to know what the stage before says about rows it has not seen; that
    #: costs a fit of the stage before per fold.
    unseen: ClassVar[bool]

    def hand_over(self, inputs: StageInputs, previous: Previous) -> StageInputs:
        """Return what the next stage is fitted from. Rows, labels and configuration stay."""
        ...


class FittedFuser(Protocol):
    """A fuser after :meth:`Fuser.fit`. Kept with the teacher, so it must pickle."""

    def fuse(self, probabilities: FloatArray, table: Any) -> Fused:
        """Fuse probabilities of shape (M, n, K) on the n raw rows of `table`."""
        ...

    def summary(self) -> Mapping[str, Any]:
        """Return what a report should say of it, as plain values that JSON knows.

        Two keys are shown to people, where they are given: ``gate``, a mapping with
        ``accepted`` and ``reason``; and ``wins``, a list of mappings with ``column``,
        ``cells``, ``teacher`` (its position, for which the run puts the name), ``weight``
        there and ``mean_weight``.
        """
        ...


@runtime_checkable
class Fuser(Protocol):
    """Turns what M teachers say into one soft target per row.

    Built once per run with ``factory(**settings)``; fitted in the parent process on
    out-of-fold probabilities, once per selection split and once on all training rows, unless
    a cache has what it answered: the same inputs must give the same answers, bit for bit.
    """

    def fit(self, probabilities: FloatArray, labels: IntArray, table: Any) -> FittedFuser:
        """Fit on probabilities (M, n, K), class codes (n,) and the n raw rows."""
        ...


@runtime_checkable
class Scheduler(Protocol):
    """Says how soft the targets are, per boosting round.

    Built once per run; pickled to worker processes. Stages without rounds call ``softening``
    once. ``observe`` is called in the parent, in the order of asking.
    """

    #: False if ``softening`` ignores the training state: a stage may then fit in one go.
    varies: ClassVar[bool]

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Return temperature and alpha for the round about to start."""
        ...

    def observe(self, trial: Trial) -> None:
        """Learn from a finished trial."""
        ...


@runtime_checkable
class Cache(Protocol):
    """Keeps arrays that are dear to compute.

    One per run, or shared by several (``distill(cache=…)``), also from several threads: two
    calls with one key compute once, and the second waits. Keys are digests of content.
    """

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return the entry, computing it if missing. The array is read-only."""
        ...

    def stats(self) -> Mapping[str, int]:
        """Return counts since it was made: ``hits``, ``misses``, ``bytes``, ``evictions``."""
        ...


@runtime_checkable
class TeacherPanel(Protocol):
    """A named set of teachers: what ``--teacher NAME`` means.

    Built once per run with ``factory(**settings)``.
    """

    def members(self, facts: DataFacts, seed: int) -> Mapping[str, Any]:
        """Return unfitted scikit-learn classifiers by name, each reading the raw table."""
        ...


@runtime_checkable
class Augmenter(Protocol):
    """Makes new rows like the given ones; the teachers label them afterwards.

    Built once per run with ``factory(**settings)``; called in the parent process, once per
    selection split and once for all training rows, each time with the rows to fit on alone.
    Whatever it draws must come from `rng`.
    """

    def rows(self, table: Any, n: int, rng: np.random.Generator) -> Any:
        """Return a table of `n` new rows with the columns and dtypes of `table`.

        Cells may be missing, but not infinite. An augmenter that cannot make so many rows may
        return fewer, down to none.
        """
        ...


@runtime_checkable
class Executor(Protocol):
    """Runs independent tasks, here or in other processes.

    Built once per run with ``factory(**settings)``, used for several batches, then closed.
    Whatever a task computes runs with one thread.
    """

    def run(
        self, function: Callable[[Any, Any], Any], shared: Any, tasks: Sequence[Any]
    ) -> Iterator[tuple[int, Any]]:
        """Yield ``(index, function(shared, tasks[index]))`` as the tasks complete.

        `function` is importable by name, `shared` and tasks can be pickled. Arrays in
        `shared` reach each process once and may come back read-only. An exception in a task
        is raised here, as it was. Closing the iterator early drops what has not started.
        """
        ...

    def close(self) -> None:
        """Free processes and temporary files. Calling it twice is harmless."""
        ...


@runtime_checkable
class Exporter(Protocol):
    """Writes a student in another format. Built when asked for, used once."""

    #: Ending of the file, with the dot.
    suffix: ClassVar[str]

    def export(self, student: Predictor, path: Path) -> Path:
        """Write `student` to `path` and return it; leave no file behind on failure."""
        ...
