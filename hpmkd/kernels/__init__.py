"""Softening, divergence, the distillation loss, fusion, margins, trees, networks, compiled.

These functions check their arguments, bring them to the one dtype and layout that each
kernel is compiled for, and call it; the formulas are in ``tests/kernels/reference.py``.
A function's module, and numba with it, is imported at the first access to the function.

Axis letters: ``n`` rows, ``d`` columns, ``K`` classes, ``C`` margins per row, ``M`` teachers,
``T`` trees, ``L`` leaves of all trees.
Everything runs on one thread, releases the GIL and gives a row the same bits whatever its
batch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.kernels._fusion import attention_fuse, attention_gradient, em_weights
    from hpmkd.kernels._leaves import leaf_gradient, leaf_margins
    from hpmkd.kernels._margins import (
        linear_margins,
        network_inputs,
        network_margins,
        tree_leaves,
        tree_margins,
    )
    from hpmkd.kernels._network import n_parameters, network_epoch, network_gradient
    from hpmkd.kernels._targets import distillation_loss, kl_divergence, soften, soften_logits
    from hpmkd.kernels._vector_trees import (
        add_vector_tree,
        bin_edges,
        grow_vector_tree,
        to_bins,
    )

__all__ = [
    "add_vector_tree",
    "attention_fuse",
    "attention_gradient",
    "bin_edges",
    "distillation_loss",
    "em_weights",
    "grow_vector_tree",
    "kl_divergence",
    "leaf_gradient",
    "leaf_margins",
    "linear_margins",
    "n_parameters",
    "network_epoch",
    "network_gradient",
    "network_inputs",
    "network_margins",
    "soften",
    "soften_logits",
    "to_bins",
    "tree_leaves",
    "tree_margins",
]

_HOMES = {
    "_fusion": ("attention_fuse", "attention_gradient", "em_weights"),
    "_leaves": ("leaf_gradient", "leaf_margins"),
    "_margins": (
        "linear_margins",
        "network_inputs",
        "network_margins",
        "tree_leaves",
        "tree_margins",
    ),
    "_network": ("n_parameters", "network_epoch", "network_gradient"),
    "_targets": ("distillation_loss", "kl_divergence", "soften", "soften_logits"),
    "_vector_trees": ("add_vector_tree", "bin_edges", "grow_vector_tree", "to_bins"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    # Who only predicts need not load the kernels of fusion and of the loss.
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULE_OF[name]}")
    return getattr(module, name)
