"""Rounds of boosting of one tree each, whose leaves hold a value for every class.

XGBoost grows such trees as well (``multi_output_tree``), at four to eight times the CPU: most of
it goes into loops over classes that its histograms are not laid out for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import add_vector_tree, bin_edges, grow_vector_tree, to_bins
from hpmkd.student import TreesModel, joined
from hpmkd_defaults.stages.boosting_rounds import Boosting
from hpmkd_defaults.stages.row_loss import stacked_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import StageInputs

    IntArray = NDArray[np.int64]

#: Bytes that the histograms of one tree take at most; with many columns there are fewer bins.
MOST_BYTES = 256_000_000
#: Bins of a column at least, and at most (one more is that of missing cells).
FEWEST_BINS, MOST_BINS = 16, 255


@dataclass
class VectorBooster:
    """The trees of some rounds, and the margins that they have come to.

    Parameters
    ----------
    margins, held_margins : ndarray of shape (n + m, K), (h, K)
        float32, of the rows that are fitted and of those that are held out.
    """

    margins: NDArray[np.float32]
    held_margins: NDArray[np.float32]
    trees: list[tuple[IntArray, NDArray[np.float32]]] = field(default_factory=list)


class VectorBoosting(Boosting[VectorBooster]):
    """Boosting of trees whose leaves are vectors: see :mod:`hpmkd.kernels`.

    ``min_child_weight`` is the least mean over the classes of the hessians in a leaf, summed. All
    that a round draws, rows and columns, depends on seed and number alone.
    """

    def __init__(self, inputs: StageInputs, parameters: Mapping[str, Any], n_rounds: int) -> None:
        super().__init__(inputs, parameters, n_rounds)
        n_classes, n_columns = self.target.shape[1], self.rows.shape[1]
        self._max_depth = int(parameters["max_depth"]) or -1
        leaves = int(parameters.get("max_leaves", 2 ** max(self._max_depth, 1)))
        leaves = max(1, min(leaves, len(self.rows)))
        self._n_drawn = max(1, int(parameters["colsample_bytree"] * n_columns)) if n_columns else 0
        per_bin = 16 * n_classes * leaves * max(1, self._n_drawn)
        most = min(int(parameters["max_bin"]), MOST_BINS, max(FEWEST_BINS, MOST_BYTES // per_bin))
        self._edges = bin_edges(self.rows, most, stacked_counts(inputs, self.extra))
        self._bins = to_bins(self.rows, self._edges)
        self._held_bins = None if self.held is None else to_bins(self.held.matrix, self._edges)[0]
        widest = int(self._bins[1].max(initial=0)) + 1
        self._histograms = np.empty((leaves, self._n_drawn, widest, 2 * n_classes))
        self._derivatives = np.empty((len(self.rows), 2 * n_classes), dtype=np.float32)

    def booster(
        self, margins: NDArray[np.float32], held_margins: NDArray[np.float32] | None
    ) -> VectorBooster:
        """Return a booster without trees: see :meth:`Boosting.booster`."""
        held = np.empty((0, margins.shape[1])) if held_margins is None else held_margins
        own, others = (np.array(each, np.float32, order="C") for each in (margins, held))
        return VectorBooster(own, others)

    def boost(self, booster: VectorBooster, iteration: int) -> None:
        """Add a tree: see :meth:`Boosting.boost`."""
        n_classes, parameters = self.target.shape[1], self.parameters
        gradient, hessian = self._objective(booster.margins, None)
        self._derivatives[:, :n_classes], self._derivatives[:, n_classes:] = gradient, hessian
        rows, columns, allowed = self._drawn(iteration)
        tree = grow_vector_tree(
            *self._bins, self._derivatives, rows, columns, allowed, self._histograms,
            max_depth=self._max_depth,
            eta=parameters["eta"],
            reg_lambda=parameters["reg_lambda"],
            min_child_weight=parameters["min_child_weight"],
        )  # fmt: skip
        booster.trees.append(tree)
        add_vector_tree(*self._bins, *tree, booster.margins)
        if self._held_bins is not None:
            add_vector_tree(self._held_bins, self._bins[1], *tree, booster.held_margins)

    def held_margins(self, booster: VectorBooster) -> NDArray[np.float32]:
        """Return the margins of the held-out rows: see :meth:`Boosting.held_margins`."""
        return booster.held_margins

    def trees(self, booster: VectorBooster, n_rounds: int) -> TreesModel:
        """Return the first rounds as a model: see :meth:`Boosting.trees`."""
        parts = [self._arrays(*tree) for tree in booster.trees[:n_rounds]]
        outputs = np.zeros(len(parts), dtype=np.int32)
        base = np.zeros(self.target.shape[1], dtype=np.float32)
        return TreesModel(**joined(parts), outputs=outputs, base_margin=base, link="softmax")

    def _drawn(self, iteration: int) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
        """Return the rows of a round, its columns, and which of these each node may split on."""
        random = np.random.default_rng((self.parameters["seed"], iteration))
        share, n = self.parameters["subsample"], len(self.rows)
        rows = np.arange(n) if share == 1.0 else np.flatnonzero(random.random(n) < share)
        columns = np.sort(random.permutation(self.rows.shape[1])[: self._n_drawn])
        shape = (2 * len(self._histograms) - 1, self._n_drawn)
        if self.parameters["colsample_bynode"] == 1.0 or not self._n_drawn:
            return rows, columns, np.ones(shape, dtype=bool)
        n_allowed = max(1, int(self.parameters["colsample_bynode"] * self._n_drawn))
        ranks = random.random(shape).argsort(axis=1).argsort(axis=1)
        return rows, columns, ranks < n_allowed

    def _arrays(self, nodes: IntArray, values: NDArray[np.float32]) -> Mapping[str, Any]:
        """Return a tree as arrays of :class:`TreesModel`."""
        features, bins, left, right, missing_left = nodes.T
        leaf = features < 0
        thresholds = np.zeros(len(nodes), dtype=np.float32)
        for node in np.flatnonzero(~leaf):
            own = self._edges[features[node]]
            # Where missing cells alone go right there is no edge.
            thresholds[node] = own[bins[node]] if bins[node] < len(own) else np.inf
        return {
            "roots": np.zeros(1, dtype=np.int64),
            "features": features,
            "thresholds": thresholds,
            "left": np.where(leaf, np.cumsum(leaf) - 1, left),
            "right": np.where(leaf, 0, right),
            "missing_left": missing_left.astype(bool),
            "leaf_values": values[leaf],
        }
