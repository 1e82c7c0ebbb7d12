"""Hyperparameters of the boosted stages, as XGBoost wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpmkd.errors import RecipeError
from hpmkd_defaults.stages.targets import small_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import StageInputs

#: With more than two classes a larger step diverges in log loss within a few dozen rounds.
LARGEST_ETA_MULTICLASS = 0.5
SHARES = ("subsample", "colsample_bytree", "colsample_bynode")
STRATEGIES = ("one_output_per_tree", "multi_output_tree")


def common_parameters(inputs: StageInputs, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return XGBoost's parameters that do not concern the shape of a tree.

    Raises
    ------
    RecipeError
        A share of rows or columns is outside (0, 1], or the strategy is unknown.
    """
    eta = float(settings["eta"])
    if len(inputs.classes) > 2:
        eta = min(eta, LARGEST_ETA_MULTICLASS)
        task = {
            "objective": "multi:softprob",
            "num_class": len(inputs.classes),
            "base_score": 0.0,
            "multi_strategy": _strategy(settings),
        }
    else:
        _strategy(settings)
        task = {"objective": "binary:logistic", "base_score": 0.5}
    return {
        # base_score is a margin of 0 in both: XGBoost would else estimate one of its own.
        **task,
        "eta": eta,
        "reg_lambda": float(settings["reg_lambda"]),
        "min_child_weight": float(settings["min_child_weight"]),
        **{name: _share(name, settings[name]) for name in SHARES},
        "tree_method": "hist",
        "max_bin": int(settings["max_bin"]),
        "disable_default_eval_metric": True,
        "seed": small_seed(inputs.seed),
        # What a round draws depends on its number alone, not on the rounds before it.
        "seed_per_iteration": True,
        "nthread": inputs.n_threads,
        "verbosity": 0,
    }


def _share(name: str, value: Any) -> float:
    if not 0.0 < float(value) <= 1.0:
        raise RecipeError(f"got {name}={value}, expected a share in (0, 1]: 1 takes all of them")
    return float(value)


def _strategy(settings: Mapping[str, Any]) -> str:
    strategy = settings["multi_strategy"]
    if strategy not in STRATEGIES:
        raise RecipeError(f"got multi_strategy={strategy!r}, expected one of {list(STRATEGIES)}")
    return str(strategy)
