"""Contracts around students: stages, rules of transfer, schedulers, and file formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import (
        Configuration,
        FloatArray,
        Hyperparameter,
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


class StudentPath(Protocol):
    """The students of one fit, each of one round more than the one before."""

    #: Mean log loss of the held-out rows after each round, in nats, of shape (R,), R > 0; empty
    #: if there were no such rows.
    losses: FloatArray

    def student(self, n_rounds: int) -> Predictor:
        """Return the student of the first rounds, 1 … R: bit for bit what their fit returns."""
        ...


@runtime_checkable
class Stage(Protocol):
    """A student family and how it is fitted on soft targets.

    Built once per run with ``factory(**settings)``, pickled to worker processes, used there
    by many fits: it must keep no state between them.

    It may have a ``portfolio``, a sequence of further points of its space that are known to
    work on some data: samplers try them after the defaults, before they draw. It may set
    ``reads_start = True`` if it can start from another student (``inputs.start``). As any
    component, it may have ``caps(facts)``, which returns by setting what it does not do on all
    rows of data of this size (:class:`~hpmkd.values.DataFacts`); the run reports that at its start.
    It may have ``for_data(facts)``, which returns the stage with defaults, portfolio and space
    that suit such data; the run uses that one.

    It may have a path: one fit that is a student after every round. Then ``limit`` names the
    hyperparameter that bounds the rounds, which the space leaves out, and
    ``path(inputs)`` returns a :class:`StudentPath`, or None where fewer rounds would have been
    fitted otherwise, as under a schedule. With ``inputs.held`` it may end before the limit,
    when the loss of these rows no longer falls; without, it has as many rounds as the limit.
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

        A stage may ignore ``inputs.extra``, rows that have no label, ``inputs.held`` and
        ``inputs.start``, a student to start from; not ``inputs.weights``, those of the rows.
        """
        ...


@runtime_checkable
class Transfer(Protocol):
    """A rule of the chain: what a stage takes over from the stage before it.

    Built once per run with ``factory(**settings)``, pickled to worker processes, used there
    by many fits: it must keep no state between them.
    """

    #: Whether it changes the soft targets only. It is then never tried on hard labels alone,
    #: where these have no weight.
    teaches: ClassVar[bool]
    #: Whether it needs predictions of the stage before for rows it has not seen; that
    #: costs a fit of the stage before per fold.
    unseen: ClassVar[bool]

    def hand_over(self, inputs: StageInputs, previous: Previous) -> StageInputs:
        """Return what the next stage is fitted from. Rows, labels and configuration stay."""
        ...


@runtime_checkable
class Scheduler(Protocol):
    """Sets how soft the targets are, per boosting round.

    Built once per run; pickled to worker processes. Stages without rounds call ``softening``
    once. ``observe`` is called in the parent, in the order of request.

    It may have a method ``learn(facts, outcomes)``: called in the parent, once, before the
    search, with the :class:`~hpmkd.values.DataFacts` of the run and what the memory knows of
    other data sets (:class:`~hpmkd.values.Outcome`), the most similar first.
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
class Exporter(Protocol):
    """Writes a student in another format. Built when needed, used once."""

    @property
    def suffix(self) -> str:
        """Ending of the file, with the dot."""
        ...

    def export(self, student: Predictor, path: Path) -> Path:
        """Write `student` to `path` and return it; leave no file behind on failure."""
        ...
