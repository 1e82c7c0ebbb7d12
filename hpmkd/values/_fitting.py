"""The inputs of a student's fit, and the output of a fuser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Encoder, Predictor, Scheduler
    from hpmkd.values._offers import FloatArray, IntArray
    from hpmkd.values._search import Configuration


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
    """What a scheduler may read before a boosting round.

    Parameters
    ----------
    progress : float
        Share of the rounds already done, in [0, 1).
    loss : float or None
        Mean distillation loss of the round before, in nats; None in the first round.
    kl : float or None
        Mean KL(teacher || student) of the labelled rows before that round, at temperature 1,
        in nats; None likewise.
    gap : float or None
        Mean log loss of the student on their labels minus that of the teacher, in nats: how
        far behind the student is. None likewise.
    trend : float or None
        Change of `loss` per round over the last rounds, in nats; None before the third.
    """

    progress: float
    loss: float | None = None
    kl: float | None = None
    gap: float | None = None
    trend: float | None = None


@dataclass(frozen=True)
class ExtraRows:
    """Rows without a label that the teachers labelled: real ones, or made by an augmenter.

    Their loss is that of alpha = 1, whatever the configuration's alpha is, and in every round:
    a schedule moves alpha on rows with labels. Where the configuration's ``extra_weight`` is 0
    no stage gets any.

    Parameters
    ----------
    matrix : ndarray of shape (m, d)
        The rows, encoded as those of :class:`StageInputs` are. Read-only.
    soft_targets : ndarray of shape (m, K)
        The teachers' probabilities at temperature 1; rows sum to 1.
    weight : float
        Weight of each row in the loss, > 0: the configuration's ``extra_weight``. A row with a
        label has 1, or, where such rows are weighed, 1 on average.
    """

    matrix: FloatArray
    soft_targets: FloatArray
    weight: float = 1.0


@dataclass(frozen=True)
class HeldOutRows:
    """Rows with labels that no fit reads: they judge the student after each round.

    Parameters
    ----------
    matrix : ndarray of shape (h, d)
        The rows, encoded as those of :class:`StageInputs` are. Read-only.
    labels : ndarray of shape (h,)
        Class codes 0 … K-1.
    weights : ndarray of shape (h,) or None
        How much each row counts, > 0; None if all count the same.
    """

    matrix: FloatArray
    labels: IntArray
    weights: FloatArray | None = None


@dataclass(frozen=True)
class Previous:
    """A student of the stage before, and its predictions of the rows of the next fit.

    Parameters
    ----------
    student : Predictor
        Fitted on the very rows that the next student is fitted on.
    matrix : ndarray of shape (n, d)
        Those rows as that student's encoder encodes them. Read-only.
    extra_matrix : ndarray of shape (m, d) or None
        Likewise the rows without labels; None if there are none.
    soft_targets : ndarray of shape (n, K) or None
        Predictions of each row by students like it that had not seen the row; None unless the
        transfer requires them.
    extra_soft_targets : ndarray of shape (m, K) or None
        Predictions of the rows without labels; None likewise.
    held_matrix : ndarray of shape (h, d) or None
        The held-out rows as that student's encoder encodes them; None if there are none.
    """

    student: Predictor
    matrix: FloatArray
    extra_matrix: FloatArray | None = None
    soft_targets: FloatArray | None = None
    extra_soft_targets: FloatArray | None = None
    held_matrix: FloatArray | None = None


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
        Sets how soft the targets of each boosting round are.
    seed : int
        Source of all randomness of this fit.
    n_threads : int
        Threads the fit may use.
    extra : ExtraRows or None
        Further rows, without labels. A stage that does not read them learns from the
        labelled rows alone, which is never wrong.
    start : Previous or None
        A student whose margins to start from, so that only the rest is left to learn;
        the student returned must hold both. A stage that does not read it starts from
        nothing, and the chain finds that the student before did not help.
    held : HeldOutRows or None
        The selection rows, for a stage that has a path: it stops when their loss no longer
        falls. None where the number of rounds is given.
    weights : ndarray of shape (n,) or None
        Weight of each row with a label in the loss, > 0: a row of weight 2 counts as two. None
        if all are 1. Read-only.
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
    start: Previous | None = None
    held: HeldOutRows | None = None
    weights: FloatArray | None = None


@dataclass(frozen=True)
class Fused:
    """The output of a fitted fuser on some rows.

    Parameters
    ----------
    probabilities : ndarray of shape (n, K)
        One soft target per row; rows sum to 1.
    weights : ndarray of shape (n, M)
        How much each teacher counted; rows sum to 1.
    """

    probabilities: FloatArray
    weights: FloatArray
