"""Did distilling pay? The student against the same student on hard labels, on test rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from hpmkd.values import FloatArray

RESAMPLES = 2000
CONFIDENCE = 0.95
Word = Literal["pays", "no difference", "hurts"]


@dataclass(frozen=True)
class Verdict:
    """The answer of a run.

    Parameters
    ----------
    word : {"pays", "no difference", "hurts"}
        Whether the interval lies below 0, holds 0, or lies above it.
    delta_log_loss : float
        Student minus control, in nats per test row; below 0 the student is better.
    interval : (float, float)
        95 % bootstrap interval of that difference over test rows.
    regime : str
        "self", "external" or "leaking".
    sentence : str
        The verdict for people.
    """

    word: Word
    delta_log_loss: float
    interval: tuple[float, float]
    regime: str
    sentence: str

    def to_mapping(self) -> dict[str, Any]:
        """Return the content of ``verdict.json``."""
        return {**asdict(self), "interval": list(self.interval)}

    @classmethod
    def from_mapping(cls, mapping: dict[str, Any]) -> Verdict:
        """Read it back."""
        return cls(**{**mapping, "interval": tuple(mapping["interval"])})


def judge(
    student: FloatArray, control: FloatArray, *, stage: str, alpha: float, regime: str, seed: int
) -> Verdict:
    """Compare two students row by row.

    Parameters
    ----------
    student, control : ndarray of shape (m,)
        Log loss of each test row.
    stage : str
        The student family.
    alpha : float
        The student's; at 0 both are the same model.
    regime : str
        Where the teachers' knowledge came from.
    seed : int
        Source of the resampling (percentile bootstrap, Efron and Tibshirani 1993, ch. 13).
    """
    difference = student - control
    delta = float(difference.mean())
    low, high = _interval(difference, seed)
    word: Word = "pays" if high < 0 else "hurts" if low > 0 else "no difference"
    found = f"log loss {delta:+.4f} against the same student on hard labels, 95 % interval "
    found += f"[{low:+.4f}, {high:+.4f}] over {len(difference)} test rows"
    if alpha == 0:
        found = "the selection rows chose hard labels, so the student is its own control"
    lead = {
        "pays": f"Distilling pays for the {stage} student",
        "no difference": f"Distilling makes no difference for the {stage} student",
        "hurts": f"Distilling hurts the {stage} student",
    }[word]
    return Verdict(word, delta, (low, high), regime, f"{lead} ({regime} regime): {found}.")


def _interval(difference: FloatArray, seed: int) -> tuple[float, float]:
    from scipy.stats import bootstrap

    if len(difference) < 2 or np.ptp(difference) == 0:
        mean = float(difference.mean())
        return mean, mean
    found = bootstrap(
        (difference,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=max(1, 4_000_000 // len(difference)),  # bounds the memory of the resamples
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
