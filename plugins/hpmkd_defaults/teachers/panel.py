"""The panels of teachers that come with hpmkd."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from hpmkd.student.encoders.sklearn import TableEncoder
from hpmkd_defaults.settings_types import Natural
from hpmkd_defaults.teachers.boosted import BoostedTeacher
from hpmkd_defaults.teachers.forests import CappedExtraTrees, CappedForest
from hpmkd_defaults.teachers.linear import LinearTeacher
from hpmkd_defaults.teachers.network import EPOCHS_LARGE, NetworkTeacher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import DataFacts

#: Trees of a forest, of one in a panel of few, and of one in the reference panel.
TREES, TREES_OF_FEW, TREES_OF_REFERENCE = 50, 20, 30
#: Rows above which a forest is grown with larger leaves, and neighbours are too slow.
MANY_ROWS = 20_000
#: Bins of a boosted model: most of its time goes to bins where rows are few.
BINS, BINS_OF_MANY = 32, 256
NEIGHBOURS = 12
#: Weight decay of a network: with many rows, held-out ones end its training instead.
DECAY, DECAY_OF_MANY = 0.1, 0.02


class FullPanel:
    """Six or seven classifiers that err differently.

    A boosted model, two forests, a network, a linear model; for two classes a boosted model of
    shallower trees, for more a wider network; and, up to 20,000 rows, nearest neighbours. None is
    tuned to the data: the fuser calibrates and weighs them. All run on one thread. Where rows are
    very many, four are left, one of each kind.

    Parameters
    ----------
    rows_per_tree : int
        Rows that one tree of a forest sees at most; 0 for no cap, as with all. More cost time
        and gain nothing.
    linear_rows : int
        Rows that the linear model is fitted on at most.
    network_rows : int
        Rows that all epochs of a network together read at most, above 20,000 rows.
    refit_until : int
        Rows up to which a boosted model whose number of rounds is found is refitted on all.
        Of more, those that it was stopped on, 20,000 at most, stay out of it.
    few_above : int
        Rows above which there is one member of a kind: the deeper boosted model, a random
        forest of 20 trees, one network, the linear model; 0 for all on any number of rows.
    """

    def __init__(
        self,
        rows_per_tree: Natural = 50_000,
        linear_rows: Natural = 20_000,
        network_rows: Natural = 2_000_000,
        refit_until: Natural = 100_000,
        few_above: Natural = 200_000,
    ) -> None:
        self.rows_per_tree, self.linear_rows = rows_per_tree, linear_rows
        self.network_rows, self.refit_until = network_rows, refit_until
        self.few_above = few_above

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        n = facts.n_rows
        texts = {
            "rows_per_tree": (self.rows_per_tree, f"a tree of a forest sees {{}} of {n} rows"),
            "linear_rows": (self.linear_rows, f"the linear teacher sees {{}} of {n} rows"),
            "network_rows": (
                self.network_rows // EPOCHS_LARGE,
                f"networks read {self.network_rows} rows in all their epochs together",
            ),
            "refit_until": (
                self.refit_until,
                "boosted teachers keep the rounds that they were stopped in: 20000 rows at most "
                "are not fitted",
            ),
            "few_above": (
                self.few_above,
                f"one teacher of each kind, a forest of {TREES_OF_FEW} trees, for there are "
                f"{n} rows",
            ),
        }
        return {name: text.format(cap) for name, (cap, text) in texts.items() if 0 < cap < n}

    def members(self, facts: DataFacts, seed: int) -> Mapping[str, Any]:
        """Return the members by name, each an unfitted pipeline on the raw table.

        Parameters
        ----------
        facts : DataFacts
            Size of the problem.
        seed : int
            Source of all randomness, >= 0.
        """
        few = 0 < self.few_above < facts.n_rows
        trees = {
            "xgb6": boosted(facts, 6, self.refit_until),
            "random_forest": random_forest(facts, self.rows_per_tree, few),
        }
        dense = {
            "mlp": network(facts, (64, 64), self.network_rows),
            "logistic": LinearTeacher(max_rows=self.linear_rows),
        }
        if not few:
            trees["extra_trees"] = extra_trees(facts, self.rows_per_tree)
            if facts.n_classes == 2:
                trees["xgb3"] = boosted(facts, 3, self.refit_until)
            else:  # a booster of K trees a round would cost more, and was given less weight
                dense["wide_mlp"] = network(facts, (128, 64), self.network_rows)
        if facts.n_rows <= MANY_ROWS:
            # A fold of a fold may hold a quarter of the rows.
            n_neighbours = max(1, min(NEIGHBOURS, facts.n_rows // 4))
            dense["knn"] = KNeighborsClassifier(n_neighbours)
        return {
            **{name: reading(model, "tree", name, seed) for name, model in trees.items()},
            **{name: reading(model, "linear", name, seed) for name, model in dense.items()},
        }


class ReferencePanel:
    """Three cheap classifiers: what can be learned from the rows, in an eighth of the time.

    A boosted model of few rounds, extremely randomised trees, and a network. Given probabilities
    are compared with them, fused, to see whether they leak labels.
    """

    def members(self, facts: DataFacts, seed: int) -> Mapping[str, Any]:
        """Return the members by name, each an unfitted pipeline on the raw table."""
        caps = FullPanel()  # of many rows, each reads as few as in the full panel
        forest = extra_trees(facts, caps.rows_per_tree, TREES_OF_REFERENCE)
        mlp = network(facts, (64, 64), caps.network_rows)
        return {
            **QuickPanel().members(facts, seed),
            "extra_trees": reading(forest, "tree", "extra_trees", seed),
            "mlp": reading(mlp, "linear", "mlp", seed),
        }


class QuickPanel:
    """One boosted model of large steps, and so of few rounds: the cheapest teacher."""

    def members(self, facts: DataFacts, seed: int) -> Mapping[str, Any]:
        """Return the only member, ``boosted``, an unfitted pipeline on the raw table."""
        model = BoostedTeacher(
            max_depth=6, learning_rate=0.3, max_rounds=100, patience=5, max_bin=bins(facts)
        )
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


def bins(facts: DataFacts) -> int:
    """Return the bins of a column for a boosted model."""
    return BINS_OF_MANY if facts.n_rows > MANY_ROWS else BINS


def boosted(facts: DataFacts, depth: int, refit_until: int) -> BoostedTeacher:
    """Return a boosted model whose trees have some depth."""
    return BoostedTeacher(
        max_depth=depth, learning_rate=0.2, max_bin=bins(facts), refit_until=refit_until
    )


def network(facts: DataFacts, width: tuple[int, ...], row_budget: int) -> NetworkTeacher:
    """Return a network that suits the number of rows."""
    decay = DECAY_OF_MANY if facts.n_rows > MANY_ROWS else DECAY
    return NetworkTeacher(width=width, weight_decay=decay, row_budget=row_budget)


def random_forest(facts: DataFacts, most: int, few: bool) -> CappedForest:
    """Return a random forest whose leaves suit the number of classes and rows; of few trees."""
    leaf = least_leaf(8 if facts.n_classes < 8 else 1, facts)
    return CappedForest(TREES_OF_FEW if few else TREES, min_samples_leaf=leaf, n_jobs=1, most=most)


def extra_trees(facts: DataFacts, most: int, n_trees: int = TREES) -> CappedExtraTrees:
    """Return extremely randomised trees whose leaves suit the number of classes and rows."""
    leaf = least_leaf(4 if facts.n_classes == 2 or facts.n_classes >= 8 else 1, facts)
    return CappedExtraTrees(n_trees, min_samples_leaf=leaf, n_jobs=1, most=most)


def least_leaf(wanted: int, facts: DataFacts) -> int:
    """Return the least rows of a leaf: 3 at least where there are many rows."""
    return max(wanted, 3) if facts.n_rows > MANY_ROWS else wanted
