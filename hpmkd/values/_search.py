"""The search: configurations, their results, and the space that they are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpmkd.values._means import standard_error, weighted_mean
from hpmkd.values._offers import Hyperparameter, frozen_mapping

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor, Stage
    from hpmkd.values._decisions import Threshold
    from hpmkd.values._facts import DataFacts, Outcome
    from hpmkd.values._fitting import Softening, TrainingState
    from hpmkd.values._offers import FloatArray


@dataclass(frozen=True)
class After:
    """What a configuration takes over from the stage before it in the chain.

    Parameters
    ----------
    transfer : str
        The rule by which it does.
    configuration : Configuration
        Of the stage before.
    """

    transfer: str
    configuration: Configuration

    @property
    def key(self) -> tuple[Any, ...]:
        """Hashable identity."""
        return (self.transfer, *self.configuration.key)

    def __str__(self) -> str:
        before = self.configuration.after
        return f"{self.configuration.stage} ({self.transfer})" + (f" < {before}" if before else "")


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
        Weight of the teacher's soft target of a row with a label, in [0, 1]; 1 - alpha of the
        hard label.
    hyperparameters : mapping
        As suggested by the stage's own search space.
    after : After, optional
        The stage before, where the chain hands something over; samplers leave it out.
    share : float
        Share of the training rows that it is fitted on, in (0, 1]. Below 1 it is a trial of
        its hyperparameters at a lower cost: the sampler receives it, but it cannot win.
    extra_weight : float
        Weight of each row without a label, whose target is the teacher's, finite and >= 0; a
        row with a label has 1. At 0 there are none.
    rounds : int or None
        Rounds that are fitted, > 0, of a stage that has a path (:class:`hpmkd.contracts.Stage`);
        None for as many as the selection rows choose. Samplers leave it out.
    """

    stage: str
    temperature: float
    alpha: float
    hyperparameters: Mapping[str, Hyperparameter] = field(default_factory=frozen_mapping)
    after: After | None = None
    share: float = 1.0
    extra_weight: float = 0.0
    rounds: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "hyperparameters", frozen_mapping(self.hyperparameters))

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only mapping does not pickle; configurations travel to worker processes.
        values = [getattr(self, each.name) for each in fields(self)]
        plain = (dict(each) if each is self.hyperparameters else each for each in values)
        return (Configuration, tuple(plain))

    @property
    def key(self) -> tuple[Any, ...]:
        """Hashable identity: equal keys train equal students.

        At alpha = 0 the temperature is read as 1, for rows without labels too.
        """
        temperature = self.temperature if self.alpha > 0 else 1.0
        settings = tuple(sorted(self.hyperparameters.items()))
        own = (self.stage, temperature, self.alpha, self.extra_weight, settings)
        after = None if self.after is None else self.after.key
        return (*own, self.share, self.rounds, after)

    @property
    def soft(self) -> bool:
        """Whether it learns from a teacher itself: on rows with labels, or on others."""
        return self.alpha > 0 or self.extra_weight > 0

    @property
    def hard(self) -> bool:
        """Whether it learns from no teacher, itself or by way of the stages before it."""
        return not self.soft and (self.after is None or self.after.configuration.hard)

    def control(self) -> Configuration:
        """Return the same student by itself, without a teacher: the control of a run."""
        alone = replace(self, after=None, share=1.0, rounds=None)
        return replace(alone, alpha=0.0, temperature=1.0, extra_weight=0.0)


@dataclass(frozen=True)
class Trial:
    """One evaluated configuration.

    Parameters
    ----------
    number : int
        Position in the order of request, from 0.
    configuration : Configuration
        What was evaluated.
    row_losses : ndarray of shape (n_selection,)
        Log loss of every selection row, in nats; empty if the trial failed.
    accuracy : float
        Share of selection rows classified correctly, weighted; NaN if the trial failed.
    models_trained : int
        Students fitted for it (one per selection split).
    seconds : float
        Wall time in the worker.
    failure : str or None
        Why it failed, naming the plugin; None if it succeeded.
    state : TrainingState or None
        The last state that its scheduler received in the fit (the last one, if there were
        several); None if it received none.
    softening : Softening or None
        The softening that was used: mean alpha over the rounds of all its fits, and geometric
        mean of T over those whose alpha was above 0; 1 if there were none.
    probabilities : ndarray of shape (n_selection, K) or None
        Its probabilities of the selection rows; stored of the best of each stage alone.
    n_bytes : int or None
        Size of its student's file, the largest over the selection splits; None if it failed,
        or cannot be written.
    row_us : float or None
        Time of one row through its student, in microseconds: a short measurement, so that it
        differs a little from run to run. None, not measured, where there is no limit on it.
    worker : str or None
        The process that evaluated it, as ``host:pid``. Like `seconds` it shows where time went, and
        differs from run to run: no decision may depend on it.
    draft : bytes or None
        The file of its student of the first selection split, a candidate for the best so far;
        None where that is not written, and everywhere else.
    shorter : tuple of Trial
        The same fit cut after fewer rounds, fewest first; empty where a stage has no path.
    worse_by : float or None
        Mean log loss above that of its stage's leader, in nats, over the folds after which it was
        dropped: its results are of their rows alone, and it cannot win. None if it was evaluated
        on all selection rows. Where the run has another metric, that decides: this may be below 0.
    students : tuple of Predictor
        Its students, one of each selection split; kept of the best of each stage on hard labels
        alone, and only while the run lasts.
    metric_losses : ndarray of shape (n_selection,) or None
        Part of each selection row in the loss of the metric; None where that is log loss.
    threshold : Threshold or None
        Probability from which the rarer of two classes is best named; None where it is not rare.
    row_weights : ndarray of shape (n_selection,) or None
        How much each selection row counts; None if all count the same.
    """

    number: int
    configuration: Configuration
    row_losses: FloatArray
    accuracy: float
    models_trained: int
    seconds: float
    failure: str | None = None
    state: TrainingState | None = None
    probabilities: FloatArray | None = None
    softening: Softening | None = None
    n_bytes: int | None = None
    row_us: float | None = None
    worker: str | None = None
    draft: bytes | None = None
    shorter: tuple[Trial, ...] = ()
    worse_by: float | None = None
    students: tuple[Predictor, ...] = ()
    metric_losses: FloatArray | None = None
    threshold: Threshold | None = None
    row_weights: FloatArray | None = None

    @cached_property  # comparisons read it again and again
    def log_loss(self) -> float:
        """Weighted mean log loss on the selection rows; +inf for a failed trial."""
        if self.failure is not None:
            return float("inf")
        return weighted_mean(self.row_losses, self.row_weights)

    @property
    def losses(self) -> FloatArray:
        """Part of each selection row in the loss by which the run chooses."""
        return self.row_losses if self.metric_losses is None else self.metric_losses

    @cached_property
    def loss(self) -> float:
        """The loss by which the run chooses; +inf for a failed trial."""
        if self.failure is not None:
            return float("inf")
        return weighted_mean(self.losses, self.row_weights)

    @property
    def eligible(self) -> bool:
        """Whether it may win: not failed, and evaluated on all rows."""
        return self.failure is None and self.worse_by is None and self.configuration.share == 1

    @property
    def name(self) -> str:
        """Stage and number, and the rounds where a path has several students."""
        rounds = self.configuration.rounds
        own = f"{self.configuration.stage}-{self.number}"
        return own if rounds is None else f"{own}-{rounds}"

    @property
    def standard_error(self) -> float:
        """Standard error of :attr:`log_loss` over the selection rows."""
        return standard_error(self.row_losses, self.row_weights)


@dataclass(frozen=True)
class SearchSpace:
    """What a sampler may draw from.

    Parameters
    ----------
    stages : mapping of str to Stage
        The student families of the run, in the order of their complexity.
    temperatures : tuple of float
        Temperatures worth trying, > 0.
    alphas : tuple of float
        Teacher weights that the run's regime allows; 0 is always among them.
    seed : int
        Source of all randomness of the sampler.
    extra_weights : tuple of float
        Weights of rows without labels; 0 is always among them, and alone if there are none.
    n_rows : int
        Rows that a configuration is fitted on, at a share of 1.
    n_available : int
        Rows that these are drawn from, `n_rows` or more; 0 for as many. What wins is fitted on all
        of them in the end, so what suffices for few rows may be too small.
    fits : int
        Models that are trained to evaluate one configuration: one per selection split.
    models : int or None
        Models that trials may take in all, the controls among them that the engine adds; None
        without a bound. The later refits are subtracted already. A search that requests
        more is stopped there: a sampler can divide it in advance.
    before : tuple of Trial
        The trials of an earlier search on hard labels, on the same rows: the control is
        tuned by itself. Empty in that search, and where there is no teacher.
    remembered : mapping of str to sequence of mapping
        By stage, hyperparameters that did well on other data like this, the most promising
        first; worth trying before anything else.
    facts : DataFacts or None
        Of this data set; None if unknown.
    outcomes : tuple of Outcome
        Results of configurations on other data sets, those most like this one first; empty in
        a search on hard labels, where no teacher has shown yet how noisy these data are.
    """

    stages: Mapping[str, Stage]
    temperatures: tuple[float, ...]
    alphas: tuple[float, ...]
    seed: int
    extra_weights: tuple[float, ...] = (0.0,)
    n_rows: int = 1000
    n_available: int = 0
    fits: int = 1
    models: int | None = None
    before: tuple[Trial, ...] = ()
    remembered: Mapping[str, Sequence[Mapping[str, Hyperparameter]]] = field(
        default_factory=frozen_mapping
    )
    facts: DataFacts | None = None
    outcomes: tuple[Outcome, ...] = ()

    def soft(self, stage: str) -> list[Configuration]:
        """Return every way in which a stage may learn from the teacher, without hyperparameters.

        By alpha, temperature and weight of rows without labels; at alpha = 0 there is nothing to
        soften. Empty if the space has hard labels alone.
        """
        found = {
            each.key: each
            for alpha in sorted(self.alphas)
            for temperature in (sorted(self.temperatures) if alpha > 0 else [1.0])
            for weight in sorted(self.extra_weights)
            if (each := Configuration(stage, temperature, alpha, extra_weight=weight)).soft
        }
        return [*found.values()]
