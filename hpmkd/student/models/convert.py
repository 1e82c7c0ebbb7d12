"""From fitted XGBoost boosters and scikit-learn trees to :class:`TreesModel`, exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpmkd.student.models.links import Link
from hpmkd.student.models.trees import TreesModel

if TYPE_CHECKING:
    import xgboost
    from sklearn.tree._tree import Tree

_NO_TREES: Mapping[str, NDArray[Any]] = {
    **dict.fromkeys(("roots", "features", "left", "right"), np.empty(0, dtype=np.int32)),
    "thresholds": np.empty(0, dtype=np.float32),
    "missing_left": np.empty(0, dtype=bool),
    "leaf_values": np.empty((0, 1), dtype=np.float32),
}


def pack_booster(
    booster: xgboost.Booster, n_outputs: int, base_margin: ArrayLike | None = None
) -> TreesModel:
    """Pack a booster; its margins stay the same, bit for bit.

    Parameters
    ----------
    booster : xgboost.Booster
        Of trees (``gbtree``), without native categorical splits. All of its trees are taken.
    n_outputs : int
        Margins per row: 1 for two classes, otherwise the number of classes.
    base_margin : array-like of shape (n_outputs,), optional
        What every row got from ``DMatrix.set_base_margin`` in training. By default what the
        booster itself starts from (``base_score``).

    Returns
    -------
    TreesModel
        ``margins(matrix)`` equals ``booster.predict(…, output_margin=True)``; the link is
        ``"sigmoid"`` for one output, else ``"softmax"``.

    Raises
    ------
    ValueError
        The booster is of another kind, or has another number of outputs.
    """
    document = json.loads(bytes(booster.save_raw("json")))
    boosted = document["learner"]["gradient_booster"]
    if boosted["name"] != "gbtree":
        raise ValueError(
            f"got a booster of the kind {boosted['name']!r}, expected 'gbtree': train with "
            "booster='gbtree'"
        )
    # XGBoost 3.4 and later: 'dart' is a gbtree whose trees have weights.
    if any(weight != 1 for weight in boosted["model"].get("weight_drop", ())):
        raise ValueError(
            "got a booster whose trees were dropped ('dart'), expected one without: train it with "
            "rate_drop=0"
        )
    shape = document["learner"]["learner_model_param"]
    trained = max(1, int(shape["num_class"]), int(shape["num_target"]))
    if trained != n_outputs:
        raise ValueError(f"got n_outputs={n_outputs}, but the booster has {trained}: pass that")
    trees = boosted["model"]["trees"]
    outputs = np.array(boosted["model"]["tree_info"], dtype=np.int32)
    arrays = joined([_read_tree(tree) for tree in trees] or [_NO_TREES])
    if base_margin is None:
        base_margin = _base_margin(booster, document)
    start = np.ravel(np.asarray(base_margin, dtype=np.float32))
    if len(start) != n_outputs:
        raise ValueError(
            f"got n_outputs={n_outputs}, but a base margin of {len(start)} values: give one "
            "per output"
        )
    link: Link = "sigmoid" if n_outputs == 1 else "softmax"
    return TreesModel(**arrays, outputs=outputs, base_margin=start, link=link)


def pack_sklearn_tree(
    tree_: Tree, leaf_values: ArrayLike, link: Link = "identity", base_margin: ArrayLike = 0.0
) -> TreesModel:
    """Pack a scikit-learn tree; every row ends in the same leaf.

    Parameters
    ----------
    tree_ : sklearn.tree._tree.Tree
        The ``tree_`` of a fitted decision tree, classifier or regressor.
    leaf_values : array of shape (n_leaves, C) or (n_nodes, C)
        Values of the leaves, in the order of the leaf nodes; or for all nodes, of which the
        leaves are taken. Stored in float32.
    link : str
        ``"identity"`` if they are probabilities (rows sum to 1), ``"softmax"`` or
        ``"sigmoid"`` if they are margins.
    base_margin : float or array of shape (C,)
        Added to margins.

    Raises
    ------
    ValueError
        There are values for neither the leaves nor the nodes, or they do not suit the link.
    """
    values = np.asarray(leaf_values, dtype=np.float64)
    is_leaf = tree_.children_left < 0
    n_leaves, n_nodes = int(is_leaf.sum()), len(is_leaf)
    if values.ndim != 2 or len(values) not in (n_leaves, n_nodes):
        raise ValueError(
            f"got leaf values of shape {values.shape}, expected ({n_leaves}, C) for the leaves "
            f"or ({n_nodes}, C) for all nodes"
        )
    if len(values) == n_nodes:
        values = values[is_leaf]
    thresholds = np.where(is_leaf, 0.0, tree_.threshold)
    return TreesModel(
        roots=np.zeros(1, dtype=np.int32),
        features=np.where(is_leaf, -1, tree_.feature),
        thresholds=strictly_below(thresholds),
        left=np.where(is_leaf, np.cumsum(is_leaf) - 1, tree_.children_left),
        right=np.where(is_leaf, 0, tree_.children_right),
        missing_left=tree_.missing_go_to_left.astype(bool),
        leaf_values=values.astype(np.float32),
        outputs=np.zeros(1, dtype=np.int32),
        base_margin=np.broadcast_to(np.asarray(base_margin, np.float32), values.shape[1:]),
        link=link,
    )


def strictly_below(thresholds: ArrayLike) -> NDArray[np.float32]:
    """Return thresholds for ``x < t`` that split as ``x <= threshold`` does.

    Scikit-learn and LightGBM send a row left if ``x <= threshold``, in float64; a
    :class:`TreesModel` if ``x < t``, in float32. For every float32 x the answer is the same.

    Parameters
    ----------
    thresholds : array-like
        Of any shape. Not NaN.

    Returns
    -------
    ndarray
        float32, of the same shape.

    Examples
    --------
    >>> t = strictly_below([0.5])
    >>> (np.float32(0.5) < t).item(), (np.nextafter(np.float32(0.5), np.float32(1)) < t).item()
    (True, False)
    """
    wanted = np.asarray(thresholds, dtype=np.float64)
    with np.errstate(over="ignore", under="ignore"):
        nearest = wanted.astype(np.float32)
        below = np.nextafter(nearest, np.float32(-np.inf))
        largest = np.where(nearest > wanted, below, nearest)
        return np.asarray(np.nextafter(largest, np.float32(np.inf)))


def _read_tree(tree: dict[str, Any]) -> Mapping[str, NDArray[Any]]:
    """Return one tree of a booster as arrays; nodes that pruning cut off are left out."""
    if any(tree["split_type"]):
        raise ValueError(
            "the booster splits on native categories, which cannot be packed: train on the "
            "codes of TreeEncoder without enable_categorical"
        )
    left = np.array(tree["left_children"], dtype=np.int64)
    right = np.array(tree["right_children"], dtype=np.int64)
    order = _reachable(left, right)
    place = np.zeros(len(left), dtype=np.int64)
    place[order] = np.arange(len(order))
    leaf = left[order] < 0
    conditions = np.array(tree["split_conditions"], dtype=np.float32)[order]
    return {
        "roots": np.zeros(1, dtype=np.int64),
        "features": np.where(leaf, -1, np.array(tree["split_indices"], dtype=np.int32)[order]),
        "thresholds": np.where(leaf, np.float32(0), conditions),
        "left": np.where(leaf, np.cumsum(leaf) - 1, place[left[order]]),
        "right": np.where(leaf, 0, place[np.maximum(right[order], 0)]),
        "missing_left": np.array(tree["default_left"], dtype=bool)[order],
        "leaf_values": _leaf_values(tree, order[leaf], conditions[leaf]),
    }


def _leaf_values(
    tree: dict[str, Any], leaves: NDArray[np.int64], values: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the values of the leaves, one or one per output each."""
    width = int(tree["tree_param"]["size_leaf_vector"])
    if width <= 1:
        return values[:, np.newaxis]
    if "leaf_weights" not in tree:
        raise ValueError(
            "trees with several outputs of this XGBoost version cannot be packed: train with "
            "multi_strategy='one_output_per_tree', or use XGBoost 3.2 or newer"
        )
    vectors = np.array(tree["leaf_weights"], dtype=np.float32).reshape(-1, width)
    rows = np.array(tree["right_children"])[leaves]  # where leaves keep their row
    return np.asarray(vectors[rows], dtype=np.float32)


def _reachable(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nodes that a walk from the root can meet, breadth first."""
    levels = [np.zeros(1, dtype=np.int64)]
    while len(levels[-1]):
        parents = levels[-1][left[levels[-1]] >= 0]
        levels.append(np.stack([left[parents], right[parents]], axis=1).ravel())
    return np.concatenate(levels)


def joined(parts: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, Any]:
    """Return nodes and leaves of one or more models behind each other, their indices moved."""
    nodes = np.cumsum([0, *(len(part["features"]) for part in parts)])[:-1]
    leaves = np.cumsum([0, *(len(part["leaf_values"]) for part in parts)])[:-1]
    moved = []
    for part, node, leaf in zip(parts, nodes, leaves, strict=True):
        is_leaf = part["features"] < 0
        left = part["left"] + np.where(is_leaf, leaf, node)
        right = np.where(is_leaf, 0, part["right"] + node)
        moved.append({**part, "roots": part["roots"] + node, "left": left, "right": right})
    return {name: np.concatenate([part[name] for part in moved]) for name in _NO_TREES}


def _base_margin(booster: xgboost.Booster, document: dict[str, Any]) -> NDArray[np.float32]:
    """Return what the booster starts from, by its own prediction.

    How base_score is stored, and whether it is a probability, depends on the version and on
    the objective. The same booster with all leaves at zero shows it without guessing.
    """
    import xgboost

    trees = document["learner"]["gradient_booster"]["model"]["trees"]
    for tree in trees:
        pairs = zip(tree["left_children"], tree["split_conditions"], strict=True)
        tree["split_conditions"] = [0.0 if left < 0 else value for left, value in pairs]
        if "leaf_weights" in tree:
            tree["leaf_weights"] = [0.0] * len(tree["leaf_weights"])
    silent = booster
    if trees:
        silent = xgboost.Booster(model_file=bytearray(json.dumps(document).encode()))
        silent.set_param({"nthread": 1})
    cells = np.full((1, booster.num_features()), np.nan, dtype=np.float32)
    row = xgboost.DMatrix(cells, nthread=1)
    return np.asarray(silent.predict(row, output_margin=True, validate_features=False))
