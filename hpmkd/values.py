"""The values that travel through a run: frozen, and read-only once made.

Axis letters used in every docstring: ``n`` rows, ``d`` encoded columns, ``K`` classes,
``M`` teachers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpmkd.contracts import Encoder, Scheduler, Stage

    FloatArray = NDArray[np.floating[Any]]
    IntArray = NDArray[np.integer[Any]]

Hyperparameter = float | int | str | bool
T_co = TypeVar("T_co", covariant=True)


def frozen_mapping(mapping: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return a read-only copy of a mapping."""
    return MappingProxyType(dict(mapping or {}))


@dataclass(frozen=True, slots=True)
class Offer(Generic[T_co]):
    """What an offer hook returns: a named way to build one component.

    Parameters
    ----------
    name : str
        What a recipe calls the component. Unique per kind.
    factory : callable
        Builds the component. Its keyword parameters are the settings a recipe may give;
        annotate them, for the recipe is checked against the annotations. Heavy imports
        belong inside it: it is called only for components that a run uses.
    summary : str
        One line for ``hpmkd plugins``.
    """

    name: str
    factory: Callable[..., T_co]
    summary: str


@dataclass(frozen=True)
class Configuration:
    """One point of the search: a stage, how soft its targets are, its hyperparameters.

    Parameters
    ----------
    stage : str
        Name of the student family.
    temperature : float
        Softening of the teacher, > 0; 1 leaves it as it is.
    alpha : float
        Weight of the teacher's soft target, in [0, 1]; 1 - alpha of the hard label.
    hyperparameters : mapping
        As suggested by the stage's own search space.
    """

    stage: str
    temperature: float
    alpha: float
    hyperparameters: Mapping[str, Hyperparameter] = field(default_factory=frozen_mapping)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hyperparameters", frozen_mapping(self.hyperparameters))

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only mapping does not pickle; configurations travel to worker processes.
        plain = dict(self.hyperparameters)
        return (Configuration, (self.stage, self.temperature, self.alpha, plain))

    @property
    def key(self) -> tuple[Any, ...]:
        """Hashable identity: equal keys train equal students.

        At alpha = 0 the teacher is not heard, so the temperature does not matter.
        """
        temperature = self.temperature if self.alpha > 0 else 1.0
        settings = tuple(sorted(self.hyperparameters.items()))
        return (self.stage, temperature, self.alpha, settings)

    def control(self) -> Configuration:
        """Return the same student on hard labels (alpha = 0): the control of a run."""
        return replace(self, alpha=0.0, temperature=1.0)


@dataclass(frozen=True)
class Trial:
    """One evaluated configuration.

    Parameters
    ----------
    number : int
        Position in the order of asking, from 0.
    configuration : Configuration
        What was evaluated.
    row_losses : ndarray of shape (n_selection,)
        Log loss of every selection row, in nats; empty if the trial failed.
    accuracy : float
        Share of selection rows classified correctly; NaN if the trial failed.
    models_trained : int
        Students fitted for it (one per selection split).
    seconds : float
        Wall time in the worker.
    failure : str or None
        Why it failed, naming the plugin; None if it succeeded.
    """

    number: int
    configuration: Configuration
    row_losses: FloatArray
    accuracy: float
    models_trained: int
    seconds: float
    failure: str | None = None

    @property
    def log_loss(self) -> float:
        """Mean log loss on the selection rows; +inf for a failed trial."""
        return float(self.row_losses.mean()) if self.failure is None else float("inf")

    @property
    def standard_error(self) -> float:
        """Standard error of :attr:`log_loss` over the selection rows."""
        n = len(self.row_losses)
        return float(self.row_losses.std(ddof=1) / n**0.5) if n > 1 else float("inf")


@dataclass(frozen=True, slots=True)
class Softening:
    """How soft the targets of one boosting round are.

    Parameters
    ----------
    temperature : float
        > 0.
    alpha : float
        In [0, 1].
    """

    temperature: float
    alpha: float


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What a scheduler may look at before a boosting round.

    Parameters
    ----------
    progress : float
        Share of the rounds already done, in [0, 1).
    loss : float or None
        Mean distillation loss of the round before, in nats; None in the first round.
    """

    progress: float
    loss: float | None = None


@dataclass(frozen=True)
class ExtraRows:
    """Rows without a label that the teachers spoke about: real ones, or made by an augmenter.

    Their loss is that of alpha = 1, whatever the configuration's alpha is, as long as it is
    above 0. At alpha = 0 no stage gets any: the control hears of no teacher in no way.

    Parameters
    ----------
    matrix : ndarray of shape (m, d)
        The rows, encoded as those of :class:`StageInputs` are. Read-only.
    soft_targets : ndarray of shape (m, K)
        The teachers' probabilities at temperature 1; rows sum to 1.
    weight : float
        Weight of each row in the loss, > 0; a labelled row has 1.
    """

    matrix: FloatArray
    soft_targets: FloatArray
    weight: float


@dataclass(frozen=True)
class StageInputs:
    """All that a stage gets to fit one student.

    Parameters
    ----------
    matrix : ndarray of shape (n, d)
        The rows as `encoder` encodes them: float32 for ``encoding = "tree"`` (missing is
        NaN), float64 for ``encoding = "linear"`` (complete), float64 for
        ``encoding = "joint"`` (the linear columns, then those of the trees). Read-only.
    encoder : Encoder
        The fitted encoder; it becomes part of the student.
    labels : ndarray of shape (n,)
        Class codes 0 … K-1.
    soft_targets : ndarray of shape (n, K)
        The teacher's probabilities at temperature 1; rows sum to 1.
    classes : ndarray of shape (K,)
        The labels behind the codes.
    configuration : Configuration
        What to fit. ``configuration.hyperparameters`` came from the stage's own space.
    scheduler : Scheduler
        Says how soft the targets of each boosting round are.
    seed : int
        Source of all randomness of this fit.
    n_threads : int
        Threads the fit may use.
    extra : ExtraRows or None
        Further rows, without labels. A stage that does not read them learns from the
        labelled rows alone, which is never wrong.
    """

    matrix: FloatArray
    encoder: Encoder
    labels: IntArray
    soft_targets: FloatArray
    classes: NDArray[Any]
    configuration: Configuration
    scheduler: Scheduler
    seed: int
    n_threads: int = 1
    extra: ExtraRows | None = None


@dataclass(frozen=True)
class Fused:
    """What a fitted fuser says about some rows.

    Parameters
    ----------
    probabilities : ndarray of shape (n, K)
        One soft target per row; rows sum to 1.
    weights : ndarray of shape (n, M)
        How much each teacher counted; rows sum to 1.
    """

    probabilities: FloatArray
    weights: FloatArray


@dataclass(frozen=True)
class SearchSpace:
    """What a sampler may draw from.

    Parameters
    ----------
    stages : mapping of str to Stage
        The student families in the race, in the order of their complexity.
    temperatures : tuple of float
        Temperatures worth trying, > 0.
    alphas : tuple of float
        Teacher weights that the run's regime allows; 0 is always among them.
    seed : int
        Source of all randomness of the sampler.
    """

    stages: Mapping[str, Stage]
    temperatures: tuple[float, ...]
    alphas: tuple[float, ...]
    seed: int


@dataclass(frozen=True)
class DataFacts:
    """The size of a classification problem, for those who choose by it.

    Parameters
    ----------
    n_rows, n_columns, n_classes : int
        Rows that can be trained on, raw columns, classes.
    """

    n_rows: int
    n_columns: int
    n_classes: int
