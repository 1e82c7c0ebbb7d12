"""From a fitted LightGBM booster to hpmkd's flat arrays, which LightGBM need not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.student import TreesModel, strictly_below

if TYPE_CHECKING:
    import lightgbm
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray

# Bits of decision_type; those from the third on: what a missing cell is.
CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT = 1, 2, 2
MISSING_IS_ZERO, MISSING_IS_NAN = 1, 2


def pack_lightgbm(
    booster: lightgbm.Booster, base_margin: FloatArray, n_rounds: int | None = None
) -> TreesModel:
    """Pack a booster: every row of finite and missing cells ends in the same leaves.

    Parameters
    ----------
    booster : lightgbm.Booster
        Trained on float32 cells without categorical columns and without ``zero_as_missing``.
    base_margin : ndarray of shape (C,)
        What every row was given as ``init_score``; C = 1 for two classes, else K.
    n_rounds : int, optional
        Rounds to take from the first on; all of them if not given.

    Returns
    -------
    TreesModel
        Its margins are ``booster.predict(…, raw_score=True) + base_margin``, summed in float32
        where LightGBM sums in float64: equal to about 1e-6 of the largest partial sum. At a
        split that only tests whether a cell is missing, +inf goes with the missing ones.

    Raises
    ------
    ValueError
        The booster has categorical splits, reads zeros as missing, has linear leaves, or
        another number of margins.
    """
    n_margins = len(base_margin)
    trained = booster.num_model_per_iteration()
    if trained != n_margins:
        raise ValueError(f"got a base margin of {n_margins} values for {trained} trees per round")
    # The text holds every number in full; an empty line ends a tree.
    blocks = booster.model_to_string(num_iteration=n_rounds).split("\n\nTree=")[1:]
    trees = [_read_tree(block.split("\n\n")[0]) for block in blocks]
    if not trees:
        raise ValueError("the booster has no trees: train for at least one round")
    roots = np.cumsum([0, *(len(tree["features"]) for tree in trees)])[:-1]
    leaves = np.cumsum([0, *(len(tree["leaf_values"]) for tree in trees)])[:-1]
    for tree, root, leaf in zip(trees, roots, leaves, strict=True):
        is_leaf = tree["features"] < 0
        tree["left"] += np.where(is_leaf, leaf, root)
        tree["right"] += np.where(is_leaf, 0, root)
    return TreesModel(
        roots=roots,
        **{name: np.concatenate([tree[name] for tree in trees]) for name in trees[0]},
        outputs=np.arange(len(trees)) % n_margins,
        base_margin=np.asarray(base_margin, dtype=np.float32),
        link="sigmoid" if n_margins == 1 else "softmax",
    )


def _read_tree(block: str) -> dict[str, NDArray[Any]]:
    """Return one tree as arrays: its splits, then its leaves."""
    entries = dict(line.split("=", 1) for line in block.splitlines()[1:] if line)
    n_leaves = int(entries["num_leaves"])
    n_splits = n_leaves - 1

    def numbers(name: str, kind: type, count: int = n_splits) -> NDArray[Any]:
        return np.array(entries[name].split() if count else [], dtype=kind)

    decisions = numbers("decision_type", np.int64)
    missing_is = decisions >> MISSING_SHIFT
    if (decisions & CATEGORICAL).any() or (missing_is == MISSING_IS_ZERO).any():
        raise ValueError(
            "categorical splits and zero_as_missing cannot be packed: train on the codes of "
            "hpmkd.student.TreeEncoder, as numbers"
        )
    if int(entries["is_linear"]):
        raise ValueError("linear leaves cannot be packed: train with linear_tree=false")
    thresholds = numbers("threshold", np.float64)
    # Where training saw no missing cell, LightGBM reads one as 0.
    left = np.where(missing_is == MISSING_IS_NAN, decisions & DEFAULT_LEFT > 0, thresholds >= 0)

    def placed(children: NDArray[Any]) -> NDArray[Any]:
        return np.where(children < 0, n_splits + ~children, children)

    none = np.zeros(n_leaves, dtype=np.int64)
    return {
        "features": np.concatenate([numbers("split_feature", np.int64), none - 1]),
        "thresholds": np.concatenate([strictly_below(thresholds), none.astype(np.float32)]),
        "left": np.concatenate([placed(numbers("left_child", np.int64)), np.arange(n_leaves)]),
        "right": np.concatenate([placed(numbers("right_child", np.int64)), none]),
        "missing_left": np.concatenate([left, none > 0]),
        "leaf_values": numbers("leaf_value", np.float64, n_leaves)[:, np.newaxis],
    }
