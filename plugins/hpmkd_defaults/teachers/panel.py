"""The panels of teachers that come with hpmkd."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from hpmkd.student.transformer import TableEncoder
from hpmkd_defaults.teachers.boosted import BoostedTeacher
from hpmkd_defaults.teachers.linear import LinearTeacher
from hpmkd_defaults.teachers.network import NetworkTeacher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import DataFacts

#: Trees of a forest.
TREES = 100
#: Rows that one tree of a forest sees at most: more cost time and gain nothing.
ROWS_PER_TREE = 50_000
#: Rows above which a forest is grown with larger leaves, and neighbours are too slow.
MANY_ROWS = 20_000
NEIGHBOURS = 12


class DefaultPanel:
    """Seven or eight classifiers that err differently.

    Two boosted models, two forests, one or two networks, a linear model and, up to 20,000
    rows, nearest neighbours. None is tuned to the data: the fuser calibrates and weighs
    them. All run on one thread.
    """

    def members(self, facts: DataFacts, seed: int) -> Mapping[str, Any]:
        """Return the members by name, each an unfitted pipeline on the raw table.

        Parameters
        ----------
        facts : DataFacts
            Size of the problem.
        seed : int
            Source of all randomness, >= 0.
        """
        trees = {
            "xgb3": BoostedTeacher(max_depth=3, learning_rate=0.2),
            "xgb6": BoostedTeacher(max_depth=6, learning_rate=0.2),
            "random_forest": random_forest(facts),
            "extra_trees": extra_trees(facts),
        }
        dense = {
            "mlp": NetworkTeacher(width=(64, 64), alpha=1.0),
            "logistic": LinearTeacher(),
        }
        if facts.n_classes > 2:
            dense["wide_mlp"] = NetworkTeacher(width=(128,), alpha=0.05)
        if facts.n_rows <= MANY_ROWS:
            # A fold of a fold may hold a quarter of the rows.
            n_neighbours = max(1, min(NEIGHBOURS, facts.n_rows // 4))
            dense["knn"] = KNeighborsClassifier(n_neighbours)
        return {
            **{name: reading(model, "tree", name, seed) for name, model in trees.items()},
            **{name: reading(model, "linear", name, seed) for name, model in dense.items()},
        }


class QuickPanel:
    """One boosted model: a cheap reference for what can be learned from the rows."""

    def members(self, facts: DataFacts, seed: int) -> Mapping[str, Any]:
        """Return the only member, ``boosted``, an unfitted pipeline on the raw table."""
        model = BoostedTeacher(max_depth=5, learning_rate=0.3, max_rounds=100, patience=5)
        return {"boosted": reading(model, "tree", "boosted", seed)}


def reading(model: Any, kind: str, name: str, seed: int) -> Pipeline:
    """Put an encoder of the raw table before a model, and seed the model.

    Parameters
    ----------
    model : classifier
        Unfitted.
    kind : {"tree", "linear"}
        Ordinal codes with NaN for missing, or complete scaled columns.
    name : str
        The member's name: each has randomness of its own.
    seed : int
        Source of all randomness, >= 0.
    """
    if "random_state" in model.get_params():
        entropy = np.random.SeedSequence([seed, zlib.crc32(name.encode())])
        # 31 bits are what every library accepts.
        model.set_params(random_state=int(entropy.generate_state(1)[0] >> 1))
    return Pipeline([("encoder", TableEncoder(kind=kind)), ("model", model)])


def random_forest(facts: DataFacts) -> RandomForestClassifier:
    """Return a random forest whose leaves suit the number of classes and rows."""
    return RandomForestClassifier(
        TREES,
        min_samples_leaf=least_leaf(8 if facts.n_classes < 8 else 1, facts),
        max_samples=rows_per_tree(facts),
        n_jobs=1,
    )


def extra_trees(facts: DataFacts) -> ExtraTreesClassifier:
    """Return extremely randomised trees whose leaves suit the number of classes and rows."""
    leaf = 4 if facts.n_classes == 2 or facts.n_classes >= 8 else 1
    share = rows_per_tree(facts)
    return ExtraTreesClassifier(
        TREES,
        min_samples_leaf=least_leaf(leaf, facts),
        # Each tree sees all rows, unless they are too many.
        bootstrap=share is not None,
        max_samples=share,
        n_jobs=1,
    )


def least_leaf(wanted: int, facts: DataFacts) -> int:
    """Return the least rows of a leaf: 3 at least where there are many rows."""
    return max(wanted, 3) if facts.n_rows > MANY_ROWS else wanted


def rows_per_tree(facts: DataFacts) -> float | None:
    """Return the share of the rows that one tree sees; None is all, drawn with replacement."""
    # A share, not a number: a fold has fewer rows than the whole.
    return ROWS_PER_TREE / facts.n_rows if facts.n_rows > ROWS_PER_TREE else None
