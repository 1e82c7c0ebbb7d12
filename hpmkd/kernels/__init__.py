"""Softening, divergence, the distillation loss, fusion, margins and leaves, compiled.

These functions check their arguments, bring them to the one dtype and layout that each
kernel is compiled for, and call it; the formulas are in :mod:`hpmkd.kernels.reference`.
Importing this package imports numba; only those who compute with it do.

Axis letters: ``n`` rows, ``d`` columns, ``K`` classes, ``C`` margins per row, ``M`` teachers,
``T`` trees, ``L`` leaves of all trees.
Everything runs on one thread, releases the GIL and gives a row the same bits whatever its
batch.
"""

from __future__ import annotations

from hpmkd.kernels._fusion import attention_fuse, attention_gradient, em_step
from hpmkd.kernels._leaves import leaf_gradient, leaf_margins
from hpmkd.kernels._margins import linear_margins, tree_leaves, tree_margins
from hpmkd.kernels._targets import distillation_loss, kl_divergence, soften, soften_logits

__all__ = [
    "attention_fuse",
    "attention_gradient",
    "distillation_loss",
    "em_step",
    "kl_divergence",
    "leaf_gradient",
    "leaf_margins",
    "linear_margins",
    "soften",
    "soften_logits",
    "tree_leaves",
    "tree_margins",
]
