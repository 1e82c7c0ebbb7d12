"""A sum of trees: flat arrays and nothing else.

A model checks itself when it is made, so that the kernels, which check nothing, can never
read outside of an array or walk in a circle, wherever the arrays came from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpmkd.student.file.arrays import finite, owned
from hpmkd.student.models.links import Link, check_link, probabilities_of

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TreesModel:
    """A sum of trees on top of a base margin.

    Parameters
    ----------
    roots : array of shape (T,)
        Root node of each tree; the margins are added in this order, in float32. T may be 0.
    features : array of shape (N,)
        Column that a node looks at; negative for leaves.
    thresholds : array of shape (N,)
        A row goes left if ``x < threshold``, compared in float32. Not NaN.
    left, right : array of shape (N,)
        Children of a node; they come after it, and each node but the roots has one parent.
        For leaves, `left` is the row of `leaf_values` and `right` is not read.
    missing_left : array of shape (N,)
        1 where NaN goes left, else 0.
    leaf_values : array of shape (L, V)
        V = 1: added to the margin that `outputs` names; V = C: to all of them. Finite.
    outputs : array of shape (T,)
        Margin that each tree adds to, 0 … C-1; any of them if V = C > 1.
    base_margin : array of shape (C,)
        Where the sum starts. Finite.
    link : str
        ``"softmax"`` (C = K), ``"sigmoid"`` (C = 1, K = 2: the margin of the second class) or
        ``"identity"`` (C = K, a single tree whose leaves are probabilities).
    leaf_counts : array of shape (L, K), optional
        Training rows of each class that end in each leaf: how much a leaf rests on, and
        changes no answer.

    Raises
    ------
    ValueError
        The arrays do not form such trees. Methods raise it for a matrix that lacks a column that
        a node looks at.
    """

    roots: IntArray
    features: IntArray
    thresholds: FloatArray
    left: IntArray
    right: IntArray
    missing_left: NDArray[np.uint8]
    leaf_values: FloatArray
    outputs: IntArray
    base_margin: FloatArray
    link: Link
    leaf_counts: IntArray | None = None
    kind: ClassVar[str] = "trees"

    def __post_init__(self) -> None:
        for name, (dtype, ndim) in _TREE_ARRAYS.items():
            object.__setattr__(self, name, owned(getattr(self, name), dtype, ndim, name))
        if self.leaf_counts is not None:
            counts = owned(self.leaf_counts, np.int64, 2, "leaf_counts")
            object.__setattr__(self, "leaf_counts", counts)
        check_link(self.link, len(self.base_margin))
        check_trees(self)

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return 2 if self.link == "sigmoid" else len(self.base_margin)

    @cached_property
    def n_inputs(self) -> int:
        """Number of encoded columns that it needs: the last column in use, plus one."""
        return int(self.features.max(initial=-1)) + 1

    @property
    def n_trees(self) -> int:
        """Number of trees, T."""
        return len(self.roots)

    @property
    def family(self) -> str:
        """What it is, in words."""
        return f"{self.n_trees} tree{'' if self.n_trees == 1 else 's'}"

    def first(self, n_trees: int) -> TreesModel:
        """Return the first trees; their nodes and leaves stand before those of the others.

        Raises
        ------
        ValueError
            They do not, or there are fewer trees.
        """
        if not 0 <= n_trees <= self.n_trees:
            raise ValueError(f"got {n_trees} trees, expected 0 … {self.n_trees}")
        end = int([*self.roots, len(self.features)][n_trees])
        leaf = self.features[:end] < 0
        n_leaves = int(self.left[:end][leaf].max(initial=-1)) + 1
        nodes = ("features", "thresholds", "left", "right", "missing_left")
        return replace(
            self,
            **{name: getattr(self, name)[:end] for name in nodes},
            roots=self.roots[:n_trees],
            outputs=self.outputs[:n_trees],
            leaf_values=self.leaf_values[:n_leaves],
            leaf_counts=None,
        )

    def margins(self, matrix: NDArray[Any]) -> NDArray[np.float32]:
        """Return margins of shape (n, C), float32, for a matrix of shape (n, d)."""
        margins = np.repeat(self.base_margin[np.newaxis], len(matrix), axis=0)
        self.add_to(margins, matrix)
        return margins

    def add_to(self, margins: NDArray[np.float32], matrix: NDArray[Any]) -> None:
        """Add the trees to margins in place, in order and in float32; no base margin.

        Parameters
        ----------
        margins : ndarray of shape (n, C)
            float32, C-ordered.
        matrix : ndarray of shape (n, d)
            Encoded rows, read as float32.
        """
        from hpmkd.kernels import tree_margins

        rows = self._rows(matrix)
        if len(rows) and self.n_trees:
            tree_margins(rows, *self._nodes, self.leaf_values, self.outputs, margins)

    def leaves(self, matrix: NDArray[Any]) -> NDArray[np.int32]:
        """Return the row of `leaf_values` that each tree gives each row.

        Parameters
        ----------
        matrix : ndarray of shape (n, d)
            Encoded rows, read as float32.

        Returns
        -------
        ndarray of shape (n, T)
            int32, 0 … L-1 over all trees.
        """
        from hpmkd.kernels import tree_leaves

        rows = self._rows(matrix)
        if not len(rows) or not self.n_trees:
            return np.empty((len(rows), self.n_trees), dtype=np.int32)
        return tree_leaves(rows, *self._nodes)

    def with_leaf_values(self, values: ArrayLike) -> TreesModel:
        """Return the same trees with other values in the leaves.

        Parameters
        ----------
        values : array-like of shape (L, V)
            Finite.

        Raises
        ------
        ValueError
            The values have another shape, are not finite, or do not suit the link.
        """
        given = np.asarray(values)
        if given.shape != self.leaf_values.shape:
            raise ValueError(
                f"got leaf values of shape {given.shape}, expected {self.leaf_values.shape}"
            )
        return replace(self, leaf_values=given)

    def probabilities(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return probabilities of shape (n, K), float64, for a matrix of shape (n, d)."""
        return probabilities_of(self.margins(matrix), self.link)

    def with_leaf_counts(self, matrix: NDArray[Any], labels: NDArray[Any]) -> TreesModel:
        """Return the same trees with the rows of each class counted in each leaf.

        Parameters
        ----------
        matrix : ndarray of shape (n, d)
            Encoded rows.
        labels : ndarray of shape (n,)
            Class codes 0 … K-1.
        """
        counts = np.zeros((len(self.leaf_values), self.n_classes), dtype=np.int64)
        np.add.at(counts, (self.leaves(matrix), np.asarray(labels)[:, np.newaxis]), 1)
        return replace(self, leaf_counts=counts)

    @property
    def _nodes(self) -> tuple[IntArray, IntArray, FloatArray, IntArray, IntArray, IntArray]:
        """The arrays that route a row, in the order of the kernels."""
        side = (self.left, self.right, self.missing_left)
        return (self.roots, self.features, self.thresholds, *side)

    def _rows(self, matrix: NDArray[Any]) -> NDArray[np.float32]:
        """Return a matrix as the kernels read it."""
        if matrix.ndim != 2 or matrix.shape[1] < self.n_inputs:
            raise ValueError(
                f"got a matrix of shape {matrix.shape}, expected (n, {self.n_inputs} or more)"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            return np.ascontiguousarray(matrix, dtype=np.float32)


_TREE_ARRAYS: dict[str, tuple[Any, int]] = {
    "roots": (np.int32, 1),
    "features": (np.int32, 1),
    "thresholds": (np.float32, 1),
    "left": (np.int32, 1),
    "right": (np.int32, 1),
    "missing_left": (np.uint8, 1),
    "leaf_values": (np.float32, 2),
    "outputs": (np.int32, 1),
    "base_margin": (np.float32, 1),
}


def check_trees(model: TreesModel) -> None:
    """Refuse trees that a kernel could not walk safely.

    Arrays differ in length, an index points nowhere, the nodes do not form trees with children
    behind their parents, or values are not finite.
    """
    _check_structure(model)
    _check_values(model)


def _check_structure(model: TreesModel) -> None:
    """Check that every walk ends in a leaf."""
    n_nodes = len(model.features)
    for name in ("thresholds", "left", "right", "missing_left"):
        if len(getattr(model, name)) != n_nodes:
            raise ValueError(f"{name} has {len(getattr(model, name))} nodes, features {n_nodes}")
    if len(model.outputs) != len(model.roots):
        raise ValueError(f"{len(model.roots)} roots do not go with {len(model.outputs)} outputs")
    leaf = model.features < 0
    parents = np.flatnonzero(~leaf)
    children = np.concatenate([model.left[parents], model.right[parents]])
    if (children <= np.tile(parents, 2)).any() or (children >= n_nodes).any():
        raise ValueError("a child does not come after its parent, or is no node")
    # As many pointers as nodes, and none twice: each node is one root or one child.
    pointers = np.concatenate([model.roots, children])
    in_range = bool((pointers >= 0).all() and (pointers < n_nodes).all())
    if not in_range or not np.array_equal(np.sort(pointers), np.arange(n_nodes)):
        raise ValueError("a node has two parents, or none")
    rows = model.left[leaf]
    if (rows < 0).any() or (rows >= len(model.leaf_values)).any():
        raise ValueError("a leaf points outside of the leaf values")


def _check_values(model: TreesModel) -> None:
    """Check that margins are numbers and find their place."""
    n_margins, width = len(model.base_margin), model.leaf_values.shape[1]
    if width not in (1, n_margins):
        raise ValueError(f"leaves of {width} values do not go with {n_margins} margins")
    if (model.outputs < 0).any() or (model.outputs >= n_margins).any():
        raise ValueError("a tree adds to a margin that does not exist")
    if np.isnan(model.thresholds[model.features >= 0]).any():
        raise ValueError("a threshold is NaN")
    finite(model.leaf_values, "leaf_values")
    finite(model.base_margin, "base_margin")
    counts = model.leaf_counts
    if counts is not None:
        expected = (len(model.leaf_values), model.n_classes)
        if counts.shape != expected or (counts < 0).any():
            raise ValueError(f"leaf_counts must be counts of the shape {expected}")
    if model.link == "identity":
        _check_probabilities(model)


def _check_probabilities(model: TreesModel) -> None:
    """Check that the leaves of a single tree are probabilities."""
    if len(model.roots) != 1 or model.base_margin.any():
        raise ValueError("the link 'identity' needs exactly one tree and a base margin of 0")
    if model.leaf_values.shape[1] != len(model.base_margin) or (
        model.leaf_values.min(initial=0.0) < 0 or (model.leaf_values.sum(axis=1) <= 0).any()
    ):
        raise ValueError("the link 'identity' needs leaves that hold probabilities")
