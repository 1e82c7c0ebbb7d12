"""Several answers about a row made into one: a linear and a log-linear pool, and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.arrays import finite, owned

if TYPE_CHECKING:
    from hpmkd.values import FloatArray

#: Smallest probability that is heard: one that rules a class out would silence all others.
SMALLEST = 1e-15
# Wide of anything that is fitted, and narrow enough that nothing overflows.
_LARGEST = 1e6


@dataclass(frozen=True, eq=False)
class Pool:
    """How M members that each say K probabilities about a row are fused, for every row alike.

    With p_m what member m says, every p below 1e-15 raised to it::

        s_m = p_m^(1 / temperatures_m), normalised
        linear = sum_m weights_m s_m
        product = exp(sum_m exponents_m log s_m + offsets), normalised
        q = (share linear + (1 - share) product)^(1 / final_temperature), normalised

    Parameters
    ----------
    temperatures : array of shape (M,)
        Of each member, in [1e-6, 1e6]; 1 leaves it as it is.
    weights : array of shape (M,)
        In the linear pool; >= 0, sum to 1.
    exponents : array of shape (M,)
        In the log-linear pool; in [0, 1e6].
    offsets : array of shape (K,)
        Of the classes in the log-linear pool; in [-1e6, 1e6].
    share : float
        Of the linear pool in the mean of both, in [0, 1]; at 1, exponents and offsets are not
        read, at 0 the weights.
    final_temperature : float
        Of that mean, in [1e-6, 1e6].

    Raises
    ------
    ValueError
        A shape or a value is not as said.
    """

    temperatures: FloatArray
    weights: FloatArray
    exponents: FloatArray
    offsets: FloatArray
    share: float = 1.0
    final_temperature: float = 1.0

    def __post_init__(self) -> None:
        for name in ("temperatures", "weights", "exponents", "offsets"):
            values = owned(getattr(self, name), np.float64, 1, name)
            finite(values, name)
            object.__setattr__(self, name, values)
        for name in ("share", "final_temperature"):
            object.__setattr__(self, name, float(getattr(self, name)))
        counts = {len(self.temperatures), len(self.weights), len(self.exponents)}
        if len(counts) > 1 or not self.n_members or self.n_classes < 2:
            raise ValueError(
                f"a pool of {sorted(counts)} members and {self.n_classes} classes: expected as "
                "many temperatures, weights and exponents, and at least two classes"
            )
        for temperature in (*self.temperatures, self.final_temperature):
            _within(float(temperature), 1 / _LARGEST, _LARGEST, "a temperature")
        _within(float(self.exponents.min()), 0.0, _LARGEST, "an exponent")
        _within(float(self.exponents.max()), 0.0, _LARGEST, "an exponent")
        _within(float(np.abs(self.offsets).max()), 0.0, _LARGEST, "the size of an offset")
        _within(self.share, 0.0, 1.0, "the share of the linear pool")
        if self.weights.min() < 0 or abs(self.weights.sum() - 1) > 1e-6:
            raise ValueError(f"the weights {self.weights.tolist()} are not shares that sum to 1")

    @classmethod
    def mean(cls, n_members: int, n_classes: int) -> Pool:
        """Return the pool that averages its members as they are."""
        equal = np.full(n_members, 1 / n_members)
        return cls(np.ones(n_members), equal, equal, np.zeros(n_classes))

    @property
    def n_members(self) -> int:
        """Number of members, M."""
        return len(self.temperatures)

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return len(self.offsets)

    def fuse(self, said: NDArray[Any]) -> NDArray[np.float64]:
        """Fuse what the members say.

        Parameters
        ----------
        said : ndarray of shape (M, n, K)
            Probabilities; zeros are allowed.

        Returns
        -------
        ndarray of shape (n, K)
            float64; rows sum to 1. Each row is fused by itself: alone or among others, its
            bits are the same.

        Raises
        ------
        ValueError
            There are more or fewer members or classes, or a value is no probability.
        """
        from hpmkd.kernels import soften, soften_logits

        if said.ndim != 3 or (said.shape[0], said.shape[2]) != (self.n_members, self.n_classes):
            raise ValueError(
                f"got probabilities of shape {said.shape}, expected ({self.n_members}, n, "
                f"{self.n_classes})"
            )
        if not said.shape[1]:
            return np.empty((0, self.n_classes))
        heard = [
            soften(np.maximum(each, SMALLEST, dtype=np.float64), temperature)
            for each, temperature in zip(said, self.temperatures, strict=True)
        ]
        mean = np.zeros(said.shape[1:])
        if self.share > 0:
            for each, weight in zip(heard, self.weights, strict=True):
                mean += self.share * weight * each
        if self.share < 1:
            logits = np.zeros(said.shape[1:]) + self.offsets
            for each, exponent in zip(heard, self.exponents, strict=True):
                logits += exponent * np.log(np.maximum(each, SMALLEST))
            mean += (1 - self.share) * soften_logits(logits, 1.0)
        return np.asarray(soften(mean, self.final_temperature))


def _within(value: float, low: float, high: float, what: str) -> None:
    """Refuse a number outside of a range, or NaN."""
    if not low <= value <= high:
        raise ValueError(f"{what} is {value}, expected {low:g} to {high:g}")
