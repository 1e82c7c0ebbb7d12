"""A model as plain values, and the sentences that explain how to read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpmkd.errors import UnsupportedStudentError
from hpmkd.student import (
    AdditiveModel,
    JointEncoder,
    LinearEncoder,
    LinearModel,
    NetworkModel,
    Pool,
    PooledModel,
    Student,
    TreeEncoder,
    TreesModel,
)
from hpmkd.student.columns.features import Feature

_ABOUT_CELLS = (
    "A cell is missing if there is none, if it is NaN, or if it is a category that its column does "
    "not list. Categories are compared as text, whole numbers among them without decimals."
)
_ABOUT_MOMENTS = (
    "A cell of a datetime column is a moment in UTC, rounded down to microseconds, with whole_days "
    "to midnight; part says what is looked at: the moment itself, in seconds since 1970 less "
    "origin; its year; its month, 1 to 12; its weekday, a category with Monday as the first; its "
    "hour, 0 to 23. A form is sine or cosine of 2 * pi * part / period, which is 12 months or 24 "
    "hours, to 12 decimals. Cells of a column are such numbers in what follows."
)
_ABOUT_LINEAR = (
    "linear: each margin is its intercept plus, for each number column, its coefficient times "
    "(x / scale - center / scale), where x is the cell, or the median if it is missing, moved to "
    "low or high if it lies beyond; plus if_missing where the cell is missing; plus, for each "
    "category column, the coefficient of the cell's category, if it is listed there."
)
_ABOUT_LAYERS = (
    "layers: with these, linear describes no margins but the sums of the first layer of a "
    "network, and each coefficient is multiplied with s(u) in the place of u, which is "
    "x / scale - center / scale, or 1 for if_missing and for a category; s(u) = u / sqrt(1 + u * u "
    "/ 9). Then, layer by layer, sums below 0 become 0, and each new sum is its bias plus all of "
    "these times their weights; weights has a list per old sum. The last sums are the margins. All "
    "are of float32."
)
_ABOUT_CLIP = "clip: each margin is then moved to low or high if it lies beyond."
_ABOUT_TREES = (
    "trees: margins start at base_margin, or, behind a linear part, at the clipped ones. Each tree "
    "is walked from its root to a leaf: where the cell of the column is missing, on to what "
    "missing says; else on to yes if the cell, less the offset of its column if that has one, then "
    "rounded to float32, is below the float32 nearest to the threshold, or is "
    "a category of the list in, or none of the list not_in; else on to no. A leaf has what to add "
    "to the margin of its tree, counted from 0, or, where that is null, to every margin. Sums are "
    "of float32, tree by tree."
)
_ABOUT_MEMBERS = (
    "members: each is a model of its own, with parts and a link as described below. Their "
    "probabilities are fused by pool."
)
_ABOUT_ATTENTION = (
    "attention: of a pool with it, the weight of a member is another one for each row: its own "
    "times exp(score), divided by the sum of these over the members. A score is the sum over three "
    "features of coefficient times z, where z is (feature - center) / scale, moved to -5 or 5 if "
    "it lies beyond; a feature is, of s, the largest, the largest less the second largest, and 1 "
    "less the sum of the squares, in this order."
)
_ABOUT_PARTS = {
    "linear": _ABOUT_LINEAR,
    "layers": _ABOUT_LAYERS,
    "clip": _ABOUT_CLIP,
    "trees": _ABOUT_TREES,
}
_ABOUT_LINK = {
    "sigmoid": "link sigmoid: there is one margin m; the second class has the probability "
    "1 / (1 + exp(-m)), the first one the rest.",
    "softmax": "link softmax: there is a margin per class; probabilities are exp(margin), divided "
    "by their sum.",
    "identity": "link identity: there is a margin per class; probabilities are the margins, "
    "divided by their sum.",
    "pool": "link pool: s is the probabilities of a member, each at least 1e-15, to the power of "
    "1 / its temperature, divided by the sum over the classes. The linear pool is the sum of "
    "weight times s over the members. The log-linear pool is exp(the sum of exponent times "
    "log(s, at least 1e-15) over the members, plus the offset of the class), divided by the sum. "
    "Their mean is share times the first plus (1 - share) times the second; probabilities are "
    "that to the power of 1 / final_temperature, divided by the sum.",
}


def columns_of(student: Student) -> list[dict[str, Any]]:
    """Return the raw columns: ``name``, ``kind``, ``categories``, and ``offset`` if trees have one.

    Thresholds of a column with an offset are relative to it. Moments have an ``origin`` and
    ``parts``, see :class:`hpmkd.student.columns.calendar.Calendar`.
    """
    encoder, offsets = student.encoder, {}
    trees = encoder.tree if isinstance(encoder, JointEncoder) else encoder
    if isinstance(trees, TreeEncoder):
        pairs = zip(trees.features, trees.offsets.tolist(), strict=True)
        offsets = {feature.name: {"offset": offset} for feature, offset in pairs if offset}
    return [
        {"name": column.name, "kind": column.kind}
        | ({"categories": list(column.categories)} if column.kind == "category" else {})
        | (offsets.get(column.name, {}) if column.calendar is None else column.calendar.to_json())
        for column in encoder.schema.columns
    ]


def model_of(student: Student) -> dict[str, Any]:
    """Return the model of a student, in raw columns and original units.

    It has ``link``; and ``linear``, ``layers``, ``clip``, ``base_margin`` and ``trees``, as far as
    there are.

    Raises
    ------
    UnsupportedStudentError
        The model reads other than raw columns, or trees are too deep to be nested.
    """
    return _model(student.encoder, student.model)


def _model(encoder: Any, model: Any) -> dict[str, Any]:
    """Return a model, and the members of a pool in the same way."""
    found = {"link": model.link}
    if isinstance(model, PooledModel):
        members = [_model(encoder, member) for member in model.members]
        return found | {"members": members, "pool": _pool(model.pool)}
    joint = isinstance(encoder, JointEncoder)
    linear, trees = (encoder.linear, encoder.tree) if joint else (encoder, encoder)
    if isinstance(model, LinearModel) and isinstance(linear, LinearEncoder):
        return found | {"linear": _margin(linear, model)}
    if isinstance(model, NetworkModel) and isinstance(linear, LinearEncoder):
        return found | _layers(linear, model)
    if isinstance(model, TreesModel) and isinstance(trees, TreeEncoder):
        start = [short(value) for value in model.base_margin]
        return found | {"base_margin": start, "trees": trees_of(model, trees.features)}
    if isinstance(model, AdditiveModel):
        clip = {
            "low": [short(value) for value in model.low],
            "high": [short(value) for value in model.high],
        }
        grown = trees_of(model.trees, trees.features)
        return found | {"linear": _margin(linear, model.linear), "clip": clip, "trees": grown}
    raise UnsupportedStudentError(
        f"the exporter 'json' cannot write a model of the kind {model.kind!r} on an encoder of the "
        f"kind {encoder.kind!r} in raw columns: the exporter 'onnx' can write it"
    )


def reading(model: Mapping[str, Any], *, moments: bool = False) -> list[str]:
    """Return how to predict by what :func:`model_of` returned, in sentences.

    With `moments`, a column holds such.
    """
    models = model.get("members", [model])
    sentences = [_ABOUT_CELLS, _ABOUT_MOMENTS] if moments else [_ABOUT_CELLS]
    if "members" in model:
        sentences.append(_ABOUT_MEMBERS)
    for name, sentence in _ABOUT_PARTS.items():
        sentences += [sentence] if any(name in each for each in models) else []
    links = dict.fromkeys([*(each["link"] for each in models), model["link"]])
    sentences += [_ABOUT_LINK[link] for link in links]
    return [*sentences, *([_ABOUT_ATTENTION] if "attention" in model.get("pool", {}) else [])]


def _pool(pool: Pool) -> dict[str, Any]:
    """Return how the members of a pool are fused."""
    arrays = ("temperatures", "weights", "exponents", "offsets")
    models: dict[str, Any] = {name: getattr(pool, name).tolist() for name in arrays}
    models |= {"share": pool.share, "final_temperature": pool.final_temperature}
    if pool.attention is None:
        return models
    names = ("center", "scale", "coefficients")
    return models | {"attention": {name: getattr(pool.attention, name).tolist() for name in names}}


def _margin(encoder: LinearEncoder, model: LinearModel) -> dict[str, Any]:
    """Return the linear margins of a model."""
    return _linear(encoder, model.intercept.tolist(), model.coefficients.tolist())


def _layers(encoder: LinearEncoder, model: NetworkModel) -> dict[str, Any]:
    """Return a network: its first layer as a linear part, and the layers above it."""
    weights = [[[short(w) for w in row] for row in layer] for layer in model.weights]
    biases = [[short(value) for value in layer] for layer in model.biases]
    above = zip(weights[1:], biases[1:], strict=True)
    return {
        "linear": _linear(encoder, biases[0], weights[0]),
        "layers": [{"biases": own, "weights": rows} for rows, own in above],
    }


def _linear(
    encoder: LinearEncoder, intercept: list[float], weights: list[list[float]]
) -> dict[str, Any]:
    """Return linear sums: numbers with their scaling, categories with their levels."""
    scaling = encoder.scaling
    features = encoder.schema.features
    numbers = []
    indicators = iter(weights[scaling.n_columns : scaling.n_outputs])
    for i, j in enumerate(encoder.number_places):
        number = _named(features[j]) | {
            "median": float(scaling.medians[i]),
            "low": float(scaling.lows[i]),
            "high": float(scaling.highs[i]),
            "center": float(scaling.centers[i]),
            "scale": float(scaling.scales[i]),
            "coefficients": weights[i],
        }
        numbers.append(number | ({"if_missing": next(indicators)} if scaling.indicated[i] else {}))
    categories, start = [], scaling.n_outputs
    for feature in (each for each in features if each.kind == "category"):
        known = feature.categories[: encoder.max_levels]
        levels = weights[start : start + len(known)]
        categories.append(_named(feature) | {"coefficients": dict(zip(known, levels, strict=True))})
        start += len(known)
    return {"intercept": intercept, "numbers": numbers, "categories": categories}


def _named(feature: Feature) -> dict[str, Any]:
    """Return what is looked at: a column, or of moments a part of them."""
    about = {"column": feature.column.name, "part": feature.part, "form": feature.form}
    return {name: value for name, value in about.items() if value or name == "column"}


#: Readers of JSON give up on what is nested deeper than a few hundred levels.
MAX_DEPTH = 200


def trees_of(model: TreesModel, columns: Sequence[Feature]) -> list[dict[str, Any]]:
    """Return the trees of a model as nested conditions on raw columns.

    Each has ``margin``: which one the leaves add to; None if to all; and ``root``: a node with
    ``column``, a condition, ``missing`` (``"yes"`` or ``"no"``), and the nodes ``yes`` and
    ``no``; or a leaf with what it would ``add``.

    Raises
    ------
    UnsupportedStudentError
        A tree is too deep to be nested.
    """
    nodes: list[dict[str, Any]] = [{}] * len(model.features)
    depths = np.zeros(len(nodes), dtype=int)
    whole = model.leaf_values.shape[1] > 1
    for at in range(len(nodes) - 1, -1, -1):  # children come after their parents
        left, right = int(model.left[at]), int(model.right[at])
        column = int(model.features[at])
        if column < 0:
            values = [short(value) for value in model.leaf_values[left]]
            nodes[at] = {"add": values if whole else values[0]}
            continue
        depths[at] = 1 + max(depths[left], depths[right])
        nodes[at] = {
            **_named(columns[column]),
            **_condition(columns[column], float(model.thresholds[at]), model.thresholds[at]),
            "missing": "yes" if model.missing_left[at] else "no",
            "yes": nodes[left],
            "no": nodes[right],
        }
    if depths.max(initial=0) > MAX_DEPTH:
        raise UnsupportedStudentError(
            f"a tree is {depths.max()} levels deep, and JSON that is nested deeper than "
            f"{MAX_DEPTH} is not read everywhere: use the exporter 'onnx'"
        )
    return [
        {"margin": None if whole else int(output), "root": nodes[root]}
        for root, output in zip(model.roots, model.outputs, strict=True)
    ]


def short(value: np.float32) -> float:
    """Return a float32 in as few digits as tell it from its neighbours."""
    return float(str(value))


def _condition(column: Feature, threshold: float, rounded: np.float32) -> dict[str, Any]:
    """Return ``x < threshold`` of a number, or of the code of a category."""
    if column.kind == "number":
        infinite = "-Infinity" if threshold < 0 else "Infinity"
        return {"below": short(rounded) if math.isfinite(threshold) else infinite}
    count = len(column.categories)
    first = math.ceil(min(max(threshold, 0.0), count))
    if first <= count - first:
        return {"in": list(column.categories[:first])}
    return {"not_in": list(column.categories[first:])}
