"""What a plugin offers, and small helpers that all values share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.floating[Any]]
    IntArray = NDArray[np.integer[Any]]

Hyperparameter = float | int | str | bool
T_co = TypeVar("T_co", covariant=True)


def frozen_mapping(mapping: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return a read-only copy of a mapping."""
    return MappingProxyType(dict(mapping or {}))


@dataclass(frozen=True, slots=True)
class Offer(Generic[T_co]):
    """The item that an offer hook returns: a named way to build one component.

    Parameters
    ----------
    name : str
        What a recipe calls the component. Unique per kind.
    factory : callable or str
        Builds the component: a class or a function, or the place of one as
        ``"package.module:name"``, which is imported only once a recipe chooses the component.
        (Heavy imports of a function belong inside it.) Its keyword parameters are the settings
        a recipe may give; annotate them, for the recipe is checked against the annotations.
    summary : str
        One line for ``hpmkd plugins``.
    """

    name: str
    factory: Callable[..., T_co] | str
    summary: str
