"""Records of a data set and of what was tried on it: every field, and its limits.

The store and the files of ``hpmkd memory export`` hold these records and nothing else. None has
a place for a row, a label, the name of a column or class, or a path.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct

from hpmkd.values import Configuration, DataFacts, Outcome, TrainingState

if TYPE_CHECKING:
    from hpmkd.values import Hyperparameter

Count = Annotated[int, Meta(ge=1, le=10**12)]
Share = Annotated[float, Meta(ge=0, le=1)]
Nats = Annotated[float, Meta(ge=-1e12, le=1e12)]
Regret = Annotated[float, Meta(ge=0, le=1e12)]
Positive = Annotated[float, Meta(gt=0, le=1e12)]
NotNegative = Annotated[float, Meta(ge=0, le=1e12)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]
#: Of one data set, at most so many outcomes are stored: those of least regret.
MAX_OUTCOMES = 1000
#: Nothing was learned before: an earlier moment means a broken clock.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RememberedState(Struct, frozen=True, forbid_unknown_fields=True):
    """The last :class:`hpmkd.values.TrainingState` that a scheduler received during the fit."""

    progress: Share
    loss: Nats | None = None
    kl: Nats | None = None
    gap: Nats | None = None
    trend: Nats | None = None


class Tried(Struct, frozen=True, forbid_unknown_fields=True):
    """One configuration, and what became of it; see :class:`hpmkd.values.Outcome`."""

    stage: Name
    temperature: Positive
    alpha: Share
    extra_weight: NotNegative
    hyperparameters: dict[Name, bool | int | float | Name]
    regret: Regret
    rank: Share
    state: RememberedState | None = None
    is_default: bool = False


class Learned(Struct, frozen=True, forbid_unknown_fields=True):
    """A data set in a few numbers, and what a run learned on it.

    `digest` tells it from others, `hpmkd` is the version of the run, `learned_at` when it ended.
    """

    digest: Name
    n_rows: Count
    n_columns: Count
    n_classes: Count
    balance: Share
    noise: Share | None
    regime: Literal["self", "external", "leaking"] | None
    hpmkd: Name
    learned_at: Moment
    outcomes: Annotated[list[Tried], Meta(max_length=MAX_OUTCOMES)]

    def __post_init__(self) -> None:
        """Refuse a moment that no clock shows, and that may have no equal in UTC."""
        if self.learned_at < EPOCH:
            raise ValueError("Expected `learned_at` >= 1970-01-01")

    @property
    def facts(self) -> DataFacts:
        """The data set."""
        return DataFacts(
            n_rows=self.n_rows,
            n_columns=self.n_columns,
            n_classes=self.n_classes,
            balance=self.balance,
            noise=self.noise,
            regime=self.regime,
            digest=self.digest,
        )

    def as_outcomes(self) -> list[Outcome]:
        """Return them as outcomes of the host."""
        return [_outcome(self.facts, tried) for tried in self.outcomes]


def learned(facts: DataFacts, outcomes: Iterable[Outcome]) -> Learned:
    """Return the record of what a run has just learned.

    Raises
    ------
    msgspec.ValidationError
        If a number is out of its range: nothing is stored that could not be read again.
    """
    import msgspec

    best = sorted(outcomes, key=lambda outcome: outcome.regret)[:MAX_OUTCOMES]
    plain = {
        "digest": facts.digest,
        "n_rows": facts.n_rows,
        "n_columns": facts.n_columns,
        "n_classes": facts.n_classes,
        # The entropy of equal shares may be an ulp too large.
        "balance": min(1.0, facts.balance),
        "noise": facts.noise,
        "regime": facts.regime,
        "hpmkd": version("hpmkd"),
        "learned_at": datetime.now(UTC),
        "outcomes": [_tried(outcome) for outcome in best],
    }
    return msgspec.convert(plain, Learned)


def joined(known: Learned, given: Learned) -> Learned:
    """Return what is known of a data set once another run has learned on it, too.

    Of each stage the run that tried more stays, of two that tried as much the newer: so a quick
    look does not cost the results of a long search, and ranks are always those of one run. All
    else is that of the newer; of two of the same moment, that of `given`.
    """
    import msgspec

    older, newer = sorted((known, given), key=lambda each: each.learned_at)
    of_older, of_newer = _by_stage(older), _by_stage(newer)
    outcomes = [
        tried
        for stage in sorted({*of_older, *of_newer})
        # At equal numbers, max takes the first.
        for tried in max(of_newer[stage], of_older[stage], key=len)
    ]
    outcomes.sort(key=lambda tried: tried.regret)
    return msgspec.structs.replace(newer, outcomes=outcomes[:MAX_OUTCOMES])


def _by_stage(learned: Learned) -> defaultdict[str, list[Tried]]:
    found: defaultdict[str, list[Tried]] = defaultdict(list)
    for tried in learned.outcomes:
        found[tried.stage].append(tried)
    return found


def _tried(outcome: Outcome) -> dict[str, Any]:
    configuration, state = outcome.configuration, outcome.state
    return {
        "stage": configuration.stage,
        "temperature": configuration.temperature,
        "alpha": configuration.alpha,
        "extra_weight": configuration.extra_weight,
        "hyperparameters": dict(configuration.hyperparameters),
        "regret": outcome.regret,
        "rank": outcome.rank,
        "state": None if state is None else _finite(state),
        "is_default": outcome.is_default,
    }


def _finite(state: TrainingState) -> dict[str, float | None]:
    numbers = {name: getattr(state, name) for name in RememberedState.__struct_fields__}
    return {
        name: number if number is not None and math.isfinite(number) else None
        for name, number in numbers.items()
    }


def _outcome(facts: DataFacts, tried: Tried) -> Outcome:
    hyperparameters: dict[str, Hyperparameter] = dict(tried.hyperparameters)
    configuration = Configuration(
        tried.stage,
        tried.temperature,
        tried.alpha,
        hyperparameters,
        extra_weight=tried.extra_weight,
    )
    state = tried.state
    return Outcome(
        facts,
        configuration,
        tried.regret,
        tried.rank,
        None
        if state is None
        else TrainingState(state.progress, state.loss, state.kl, state.gap, state.trend),
        tried.is_default,
    )
