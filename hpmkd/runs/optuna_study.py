"""A run's trials as plain values, and as an Optuna study, for the field's usual tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.optuna_trials import unannounced

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

    from hpmkd.values import Trial

#: Name of the study in its file.
NAME = "hpmkd"
#: What every trial has, whatever its stage.
COMMON = ("stage", "alpha", "extra_weight", "temperature")


def write_study(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write trials as a study in Optuna's journal format.

    ``optuna-dashboard PATH`` shows it; so does ``optuna.load_study(study_name="hpmkd",
    storage=JournalStorage(JournalFileBackend(PATH)))``. Hyperparameters are called
    ``stage.name``; their distributions are the ranges that were tried.

    Parameters
    ----------
    path : Path
        The file to write.
    history : sequence of mapping
        The trials, as in ``trials.json``.
    """
    from optuna import Study
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.study import StudyDirection

    storage = JournalStorage(JournalFileBackend(str(path)))
    with unannounced(storage):
        storage.create_new_study([StudyDirection.MINIMIZE], NAME)
    study = Study(NAME, storage)
    ranges = _ranges(history)
    study.add_trials([_frozen(each, ranges) for each in history])


def as_plain(trial: Trial) -> dict[str, Any]:
    """Return a trial as ``trials.json`` has it."""
    configuration = trial.configuration
    succeeded = trial.failure is None
    return {
        "number": trial.number,
        "stage": configuration.stage,
        "temperature": configuration.temperature,
        "alpha": configuration.alpha,
        "extra_weight": configuration.extra_weight,
        "hyperparameters": dict(configuration.hyperparameters),
        "after": None if configuration.after is None else str(configuration.after),
        "share": configuration.share,
        "rounds": configuration.rounds,
        "log_loss": trial.log_loss if succeeded else None,
        # By the metric of the run, less is better; None where that is log loss.
        "loss": trial.loss if succeeded and trial.metric_losses is not None else None,
        "worse_by": trial.worse_by,
        # A single selection row has none.
        "standard_error": trial.standard_error if len(trial.row_losses) > 1 else None,
        "accuracy": trial.accuracy if succeeded else None,
        "bytes": trial.n_bytes,
        "row_us": trial.row_us,
        "seconds": round(trial.seconds, 4),
        "failure": trial.failure,
    }


def _parameters(trial: Mapping[str, Any]) -> dict[str, Any]:
    own = {f"{trial['stage']}.{name}": value for name, value in trial["hyperparameters"].items()}
    return {**{name: trial[name] for name in COMMON}, **own}


def _ranges(history: Sequence[Mapping[str, Any]]) -> dict[str, BaseDistribution]:
    values: dict[str, list[Any]] = {}
    for trial in history:
        for name, value in _parameters(trial).items():
            values.setdefault(name, []).append(value)
    return {name: _range(tried) for name, tried in values.items()}


def _range(tried: Sequence[Any]) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    kinds = {type(value) for value in tried}
    if kinds == {int}:
        return IntDistribution(min(tried), max(tried))
    if kinds <= {int, float}:
        return FloatDistribution(min(tried), max(tried))
    return CategoricalDistribution(list(dict.fromkeys(tried)))


def _frozen(trial: Mapping[str, Any], ranges: Mapping[str, BaseDistribution]) -> FrozenTrial:
    from optuna.trial import TrialState, create_trial

    parameters = _parameters(trial)
    attributes = (
        *("accuracy", "standard_error", "loss", "worse_by", "bytes", "row_us"),
        *("after", "share", "seconds", "failure"),
    )
    failed = trial["log_loss"] is None
    state = TrialState.COMPLETE if trial["worse_by"] is None else TrialState.PRUNED
    return create_trial(
        state=TrialState.FAIL if failed else state,
        value=None if failed else trial["log_loss"],
        params=parameters,
        distributions={name: ranges[name] for name in parameters},
        # Folders of older versions know less of their trials.
        user_attrs={name: trial[name] for name in attributes if trial.get(name) is not None},
    )
