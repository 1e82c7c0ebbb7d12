"""The students that are compared: a stage, its settings, and what it learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hpmkd.values import Configuration
from hpmkd_defaults.stages.boosting import GBMStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.network import NetworkStage

#: What distinguishes the families of boosters.
FAMILIES = {
    "trees": {"multi_strategy": "one_output_per_tree"},
    "vector": {"multi_strategy": "multi_output_tree"},
}
STAGES: dict[str, Any] = {
    "logistic": LogisticStage(),
    "gbm": GBMStage(),
    "network": NetworkStage(),
}

#: The weight of a row without a label; a row with one has 1.
EXTRA_WEIGHT = 0.5
#: Rounds of a booster whose rounds are not chosen.
FIXED_ROUNDS = 150
#: No sampling of rows or columns, and sampling of both; the default of the stage is one of them.
PLAIN = {"subsample": 1.0, "colsample_bytree": 1.0}
BOTH = {"subsample": 0.7, "colsample_bytree": 0.7}


@dataclass(frozen=True)
class Candidate:
    """One way to fit a student.

    Parameters
    ----------
    stage : str
        Of ``STAGES``.
    settings : mapping
        Hyperparameters that are not the stage's defaults.
    alpha : float
        Weight of the teacher on rows with labels.
    extra : str
        Rows without labels: ``none``, ``made`` or ``real``.
    rounds : str
        ``path``: those with the least mean loss over the held folds. ``both``: also those of a
        fixed number, as an arm of its own. ``fixed``: that number alone, without held folds.
    """

    stage: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    alpha: float = 0.0
    extra: str = "none"
    rounds: str = "path"

    @property
    def configuration(self) -> Configuration:
        """The configuration that the engine fits."""
        weight = 0.0 if self.extra == "none" else EXTRA_WEIGHT
        settings = dict(self.settings)
        return Configuration(self.stage, 1.0, self.alpha, settings, extra_weight=weight)


#: Sources of a student: alpha and extra rows.
TARGETS: dict[str, dict[str, Any]] = {
    "hard": {},
    "soft": {"alpha": 0.5},
    "made": {"extra": "made"},
    "real": {"extra": "real"},
}
#: The name of the second arm of a candidate whose rounds are also fixed.
FIXED = "{}, fixed rounds"


def boosted(n_classes: int) -> tuple[str, tuple[int, ...]]:
    """Return the family of the boosted candidates, and the leaves of their trees."""
    return ("vector", (8, 12)) if n_classes > 2 else ("trees", (8, 16, 32))


def candidates(n_classes: int) -> dict[str, Candidate]:
    """Return the candidates by name.

    With more than two classes the boosted ones have a leaf value per class, and K trees a round
    learn from hard labels alone, to be compared with them.
    """
    found = {"logistic hard": Candidate("logistic")}
    for target, learnt in TARGETS.items():
        found[f"network {target}"] = Candidate("network", **learnt)
    found["network soft made"] = Candidate("network", alpha=0.5, extra="made")
    family, sizes = boosted(n_classes)
    for leaves in sizes:
        size = {"max_leaves": leaves}
        trees, own = FAMILIES["trees"] | size, FAMILIES[family] | size
        found[f"trees {leaves} plain"] = Candidate("gbm", trees | PLAIN, rounds="both")
        found[f"trees {leaves} hard"] = Candidate("gbm", trees, rounds="both")
        for target, learnt in TARGETS.items():
            # Soft targets are for comparison, and the held folds cannot choose among those.
            if target != "soft" or leaves == min(sizes):
                found.setdefault(f"{family} {leaves} {target}", Candidate("gbm", own, **learnt))
    trees, vector = (each | {"max_leaves": 8} | PLAIN for each in FAMILIES.values())
    for target, learnt in TARGETS.items():
        if target != "hard":
            found[f"alone {target}"] = Candidate("gbm", trees, **learnt, rounds="fixed")
    found["alone rows and columns"] = Candidate("gbm", trees | BOTH, rounds="fixed")
    if family == "vector":
        found["alone vector"] = Candidate("gbm", vector, rounds="fixed")
    return found
