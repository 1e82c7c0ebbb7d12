"""Reliability curves: whether what is predicted happens as often as its probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: Bins of equal width from 0 to 1; those without a row are left out.
BINS = 10
#: Digits that a run folder keeps of a probability.
DIGITS = 6


@dataclass(frozen=True)
class Bin:
    """The rows whose probability lies in one bin.

    Parameters
    ----------
    low, high : float
        Edges: low < probability <= high, and 0 belongs to the first bin.
    rows : int
        How many rows, 1 or more.
    predicted : float
        Their mean probability, weighted where rows are, in [0, 1].
    observed : float
        Share of them in which it happened, in [0, 1].
    """

    low: float
    high: float
    rows: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Reliability:
    """A reliability curve on the test rows.

    Parameters
    ----------
    model : {"teacher", "control", "student"}
        Whose probabilities.
    of : {"second class", "predicted class"}
        Which probability of a row: of two classes that of the second, as in a classical
        reliability diagram (Murphy and Winkler 1977); of more that of the class that the model
        names, its confidence (Guo et al. 2017).
    error : float
        Expected calibration error (Guo et al. 2017): ``sum(rows * |observed - predicted|) / m``,
        of weighted rows by what they weigh.
        Few rows make it larger than it is on many.
    bins : tuple of Bin
        Those that hold rows, in rising order.
    """

    model: str
    of: str
    error: float
    bins: tuple[Bin, ...]

    @classmethod
    def measure(
        cls,
        model: str,
        probabilities: FloatArray,
        labels: IntArray,
        weights: FloatArray | None = None,
    ) -> Reliability:
        """Measure probabilities (m, K) against class codes (m,); rows may have weights (m,)."""
        binary = probabilities.shape[1] == 2
        if binary:
            probability, happened = probabilities[:, 1], labels == 1
        else:
            probability, happened = (
                probabilities.max(axis=1),
                labels == probabilities.argmax(axis=1),
            )
        edges = np.linspace(0, 1, BINS + 1)
        # Rounding may leave a probability a hair above 1.
        places = np.clip(np.digitize(probability, edges, right=True) - 1, 0, BINS - 1)
        error, bins = 0.0, []
        for place in np.unique(places):
            inside = places == place
            rows, own = int(inside.sum()), None if weights is None else weights[inside]
            predicted, observed = (
                weighted_mean(each[inside], own) for each in (probability, happened)
            )
            error += weighted_mean(inside, weights) * abs(observed - predicted)
            low, high = round(float(edges[place]), DIGITS), round(float(edges[place + 1]), DIGITS)
            bins.append(Bin(low, high, rows, round(predicted, DIGITS), round(observed, DIGITS)))
        of = "second class" if binary else "predicted class"
        return cls(model, of, round(error, DIGITS), tuple(bins))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "bins": [asdict(each) for each in self.bins]}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Reliability:
        """Read them back."""
        return cls(**{**mapping, "bins": tuple(Bin(**each) for each in mapping["bins"])})
