"""A model as Python source: what it is made of, and the functions that answer by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hpmkd_defaults.exporters.python.literals import literal
from hpmkd_defaults.exporters.python.sums import singles, sum_source
from hpmkd_defaults.exporters.python.trees import Variables, tree_source
from hpmkd_defaults.exporters.python.variables import part_of


@dataclass
class ModelSource:
    """A model as source.

    Attributes
    ----------
    text : str
        Its numbers, and the functions `margins…` and `margins_many…` as far as it needs any.
    parts : list of str
        Modules of :mod:`hpmkd_defaults.exporters.python.parts` that it calls, in that order.
    imports : list of str
        Lines that import what `text` needs of the standard library.
    prepared : list of str
        Lines behind these parts.
    margins, margins_many : str
        Calls that give its margins of cells `x`.
    """

    text: str = ""
    parts: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    margins: str = ""
    margins_many: str = ""


def model_source(model: Mapping[str, Any], variables: Variables, suffix: str) -> ModelSource:
    """Write a model that is no pool.

    Parameters
    ----------
    model : mapping
        As :func:`hpmkd_defaults.exporters.json.model.model_of` returns it.
    variables : mapping of tuple to Variable
        By column and part.
    suffix : str
        Of all its names: empty, or of a member of a pool such as ``_2``.
    """
    source = ModelSource()
    if "layers" in model:
        source.text = _assigned(f"FIRST_LAYER{suffix}", _linear(model["linear"]))
        source.text += _assigned(f"OTHER_LAYERS{suffix}", model["layers"])
        source.parts = ["linear", "network"]
        prepared = f"NETWORK{suffix} = Network(FIRST_LAYER{suffix}, OTHER_LAYERS{suffix})"
        source.prepared.append(prepared)
        source.margins = f"NETWORK{suffix}.margins(x)"
        source.margins_many = f"NETWORK{suffix}.margins_many(x)"
    elif "linear" in model:
        source.text = _assigned(f"COEFFICIENTS{suffix}", _linear(model["linear"]))
        source.parts = ["linear"]
        source.prepared.append(f"LINEAR{suffix} = Linear(COEFFICIENTS{suffix})")
        source.margins = f"LINEAR{suffix}.margins(x)"
        source.margins_many = f"LINEAR{suffix}.margins_many(x)"
    if "trees" in model:
        _add_trees(source, model, variables, suffix)
    return source


def _assigned(name: str, value: Any) -> str:
    return f"{name} = {literal(value)}\n"


def _linear(linear: Mapping[str, Any]) -> dict[str, Any]:
    """Return a linear part whose columns name what is read of a moment as COLUMNS does."""
    return {
        "intercept": linear["intercept"],
        **{
            kind: [_with_part(about) for about in linear[kind]]
            for kind in ("numbers", "categories")
        },
    }


def _with_part(about: Mapping[str, Any]) -> dict[str, Any]:
    part = part_of(about.get("part", ""), about.get("form", ""))
    rest = {name: each for name, each in about.items() if name not in ("column", "part", "form")}
    return {"column": about["column"], **({"part": part} if part else {}), **rest}


def _add_trees(
    source: ModelSource, model: Mapping[str, Any], variables: Variables, suffix: str
) -> None:
    """Add trees to what a model starts from: its base margins, or its linear part."""
    if "linear" in model:
        clip = {edge: singles(model["clip"][edge]) for edge in ("low", "high")}
        source.text += _assigned(f"CLIP{suffix}", clip)
        start = f"clipped({source.margins}, CLIP{suffix})"
        start_many = f"clipped_many({source.margins_many}, CLIP{suffix})"
        source.parts.append("clip")
    else:
        source.text += _assigned(f"START{suffix}", singles(model["base_margin"]))
        start, start_many = f'array("f", START{suffix})', f"start_many(START{suffix}, len(x[0]))"
    trees = [tree_source(tree["root"], variables) for tree in model["trees"]]
    outputs = [tree["margin"] for tree in model["trees"]]
    source.text += "\n\n" + sum_source(trees, outputs, start, start_many, suffix)
    source.parts += ["trees", "vectors"] if None in outputs else ["trees"]
    source.imports.append("from array import array\n")
    source.margins, source.margins_many = f"margins{suffix}(x)", f"margins_many{suffix}(x)"
