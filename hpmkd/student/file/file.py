"""Students as bytes: what a ``.hpmkd`` file holds, and how it is checked.

The container is described in :mod:`hpmkd.student.file.container`. The header holds ``encoder``
(with the schema), ``model`` (kind and link), ``classes`` (type and labels), ``hpmkd`` (the version
that wrote it), ``facts`` (any plain values of the writer) and perhaps a ``sketch`` of the training
rows. Arrays are named ``encoder.…`` and ``model.…``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from mmap import mmap
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from hpmkd.student.encoders import FittedEncoder, encoder_from_parts
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.tree import JointEncoder
from hpmkd.student.file.arrays import classes_from_json, classes_to_json
from hpmkd.student.file.container import (
    FORMAT_VERSION,
    WITH_ATTENTION,
    damaged,
    seal,
    unseal,
    version_of,
)
from hpmkd.student.file.overflow import check_margins, check_scaling
from hpmkd.student.file.tree_layout import flatten, restore
from hpmkd.student.models import FittedModel
from hpmkd.student.models.additive import AdditiveModel
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.models.network import MAX_HIDDEN, NetworkModel
from hpmkd.student.models.pool import (
    OnScaled,
    Pool,
    PooledModel,
    check_count,
    linear_parts,
    tree_parts,
)
from hpmkd.student.models.pool_attention import PoolAttention
from hpmkd.student.models.trees import TreesModel

if TYPE_CHECKING:
    from hpmkd.student.drift.sketch import Sketch

_POOL_ARRAYS = ("temperatures", "weights", "exponents", "offsets")
_ATTENTION_ARRAYS = ("center", "scale", "coefficients")
_LAYER_ARRAYS = ("weights", "biases")
_POOL_NUMBERS = ("share", "final_temperature")


class FileParts(NamedTuple):
    """What a student consists of."""

    encoder: FittedEncoder
    model: FittedModel
    classes: NDArray[Any]
    facts: Mapping[str, Any]
    sketch: Sketch | None


def write(parts: FileParts) -> bytes:
    """Return the content of a student file; equal students give equal bytes.

    Raises
    ------
    StudentFileError
        The student is larger than a file may be.
    """
    encoder, model, classes, facts, sketch = parts
    header = {
        "encoder": encoder.to_json(),
        "model": _model_to_json(model),
        "classes": classes_to_json(classes),
        "hpmkd": _version(),
        "facts": dict(facts),
    }
    if sketch is not None:
        header["sketch"] = sketch.to_json()
    arrays = _beneath("encoder.", encoder.arrays()) | _beneath("model.", _model_arrays(model))
    return seal(header, arrays, _format_version(model))


def read(content: bytes | mmap) -> FileParts:
    """Read the content of a student file, and check all of it.

    What need not be converted is not copied: it stays a view of `content`.

    Raises
    ------
    StudentFileError
        The content is not a student file, is damaged, or is of another format version.
    """
    header, arrays = unseal(content)
    try:
        encoder = encoder_from_parts(header["encoder"], _under("encoder.", arrays))
        model = _read_model(header["model"], _under("model.", arrays))
        if version_of(content) < _format_version(model):
            raise ValueError("its model has parts that its format version lacks")
        classes = classes_from_json(header["classes"])
        check_parts(encoder, model, classes)
        sketch = _read_sketch(header["sketch"]) if "sketch" in header else None
        return FileParts(encoder, model, classes, dict(header["facts"]), sketch)
    except KeyError as error:
        raise damaged(f"it lacks {error}") from error
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise damaged(str(error)) from error


def _read_sketch(plain: Mapping[str, Any]) -> Sketch:
    from hpmkd.student.drift.sketch import Sketch

    return Sketch.from_json(plain)


def check_parts(encoder: FittedEncoder, model: FittedModel, classes: NDArray[Any]) -> None:
    """Refuse parts that do not match.

    Raises
    ------
    ValueError
        The model reads columns that the encoder does not write, has other classes, or could
        overflow.
    """
    members = model.members if isinstance(model, PooledModel) else (model,)
    linear, trees = linear_parts(members), tree_parts(members)
    if isinstance(encoder, JointEncoder) != bool(linear and trees):
        raise ValueError(
            f"an encoder of the kind {encoder.kind!r} does not go with a model of the kind "
            f"{model.kind!r}"
        )
    joint = encoder if isinstance(encoder, JointEncoder) else None
    scaled = joint.linear if joint else encoder
    if isinstance(scaled, LinearEncoder):
        check_scaling(scaled)
    for margin in linear:
        _check_width(scaled, margin)
        if isinstance(scaled, LinearEncoder) and isinstance(margin, LinearModel):
            check_margins(scaled, margin)
    for part in trees:
        _check_width(joint.tree if joint else encoder, part)
    if len(classes) != model.n_classes:
        raise ValueError(f"the model has {model.n_classes} classes, but {len(classes)} labels")


def _check_width(encoder: FittedEncoder, model: FittedModel) -> None:
    """Refuse a model that reads columns that its encoder does not write."""
    # Trees look at some of the columns, a linear margin or a network at all.
    unread = encoder.n_outputs - model.n_inputs
    if unread < 0 or (unread > 0 and isinstance(model, OnScaled)):
        raise ValueError(
            f"the model reads {model.n_inputs} columns, but the encoder writes {encoder.n_outputs}"
        )


def _format_version(model: FittedModel) -> int:
    """Return the first version of the format whose readers understand a model."""
    attended = isinstance(model, PooledModel) and model.pool.attention is not None
    return WITH_ATTENTION if attended else FORMAT_VERSION


def _model_to_json(model: FittedModel) -> dict[str, Any]:
    """Return what is not arrays of a model, as plain values."""
    plain: dict[str, Any] = {"kind": model.kind, "link": model.link}
    if isinstance(model, PooledModel):
        plain["members"] = [_model_to_json(member) for member in model.members]
        plain["pool"] = {name: getattr(model.pool, name) for name in _POOL_NUMBERS}
    return plain


def _model_arrays(model: FittedModel) -> Mapping[str, NDArray[Any]]:
    """Return the arrays of a model, as stored."""
    if isinstance(model, PooledModel):
        pool = {f"pool.{name}": getattr(model.pool, name) for name in _POOL_ARRAYS}
        if model.pool.attention is not None:
            attention = {name: getattr(model.pool.attention, name) for name in _ATTENTION_ARRAYS}
            pool |= _beneath("pool.attention.", attention)
        members = (_beneath(f"{at}.", _model_arrays(m)) for at, m in enumerate(model.members))
        return pool | {name: array for member in members for name, array in member.items()}
    if isinstance(model, TreesModel):
        return flatten(model)
    if isinstance(model, AdditiveModel):
        trees = _beneath("trees.", flatten(model.trees))
        return {**_model_arrays(model.linear), "low": model.low, "high": model.high, **trees}
    if isinstance(model, NetworkModel):
        layers = enumerate(zip(model.weights, model.biases, strict=True), start=1)
        return {
            f"{name}{at}": array
            for at, layer in layers
            for name, array in zip(_LAYER_ARRAYS, layer, strict=True)
        }
    return {"coefficients": model.coefficients, "intercept": model.intercept}


def _read_model(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> FittedModel:
    """Make a model of its header and arrays."""
    if plain["kind"] == LinearModel.kind:
        return LinearModel(arrays["coefficients"], arrays["intercept"], plain["link"])
    if plain["kind"] == NetworkModel.kind:
        layers = [at for at in range(1, MAX_HIDDEN + 2) if f"weights{at}" in arrays]
        weights, biases = ([arrays[f"{name}{at}"] for at in layers] for name in _LAYER_ARRAYS)
        return NetworkModel(weights, biases, plain["link"])
    if plain["kind"] == TreesModel.kind:
        return restore(arrays, plain["link"])
    if plain["kind"] == AdditiveModel.kind:
        linear = LinearModel(arrays["coefficients"], arrays["intercept"], plain["link"])
        trees = restore(_under("trees.", arrays), plain["link"])
        return AdditiveModel(linear, arrays["low"], arrays["high"], trees)
    if plain["kind"] == PooledModel.kind and plain["link"] == PooledModel.link:
        return _read_pooled(plain, arrays)
    raise ValueError(f"the model is of the unknown kind {plain['kind']!r}")


def _read_pooled(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> PooledModel:
    """Make an ensemble of its header and arrays."""
    check_count(len(plain["members"]))
    grouped: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        first, _, rest = name.partition(".")
        grouped.setdefault(first, {})[rest] = array
    members = []
    for at, member in enumerate(plain["members"]):
        if member["kind"] == PooledModel.kind:
            raise ValueError("a pool is a member of a pool")
        members.append(_read_model(member, grouped.get(str(at), {})))
    pool = _read_pool(plain["pool"], grouped["pool"])
    return PooledModel(tuple(members), pool)  # type: ignore[arg-type]


def _read_pool(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Pool:
    """Make a pool of its header and arrays."""
    values = {name: arrays[name] for name in _POOL_ARRAYS}
    numbers = {name: plain[name] for name in _POOL_NUMBERS}
    attention = None
    if own := _under("attention.", arrays):
        attention = PoolAttention(**{name: own[name] for name in _ATTENTION_ARRAYS})
    return Pool(**values, **numbers, attention=attention)  # type: ignore[arg-type]


def _beneath(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return arrays with a prefix to their names; :func:`_under` takes it off."""
    return {f"{prefix}{name}": array for name, array in arrays.items()}


def _under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names start with a prefix, without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


@lru_cache(maxsize=1)
def _version() -> str:
    """Return the version of the distribution that runs: hpmkd, or hpmkd-runtime."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(__name__.partition(".")[0])
    except PackageNotFoundError:
        return "unknown"


def plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Copy facts, as they will be read back from the file.

    Raises
    ------
    ValueError
        One is not a plain JSON value.
    """
    try:
        text = json.dumps(dict(facts), allow_nan=False, default=lambda value: value.item())
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"the facts are not plain values ({error}): use text, finite numbers, booleans, "
            "None, lists and dicts"
        ) from error
    plain: dict[str, Any] = json.loads(text)
    return plain
