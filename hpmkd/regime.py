"""Where the teachers' knowledge comes from: the same rows, other rows, or the answers.

Whether distilling pays depends on it more than on anything else, so a run finds out and
says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from hpmkd.probabilities import row_losses

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

RegimeName = Literal["self", "external", "leaking"]

#: A model that never saw a row's label shares most mistakes of a cross-validated one, for
#: noise is nobody's to learn. One that is right on nearly all of them has seen the labels.
LEAK_ACCURACY = 0.97
MIN_MISTAKES = 5
#: Right on so many of the mistakes, a model read in sample (a few trees, small leaves) and an
#: excellent one from other rows look alike: the user is told.
DOUBTFUL_ACCURACY = 0.5
#: Where the cross-validated model makes fewer mistakes, what it is unsure of must tell. A
#: calibrated honest model keeps some of that doubt: in trials on small easy data a sixth or
#: more of the log loss on the same rows, mostly a twentieth or more from other rows. Labels,
#: and forests asked about their own training rows, keep less than a fiftieth.
CERTAIN_ACCURACY = 0.995
CERTAIN_SHARE = 0.02
#: Below this log loss the model has no doubt either, and nothing can be told.
LEAST_DOUBT = 0.002


@dataclass(frozen=True)
class Regime:
    """The regime of a run, how it was recognised, and what a user should be warned of."""

    name: RegimeName
    reason: str
    warning: str = ""


SELF = Regime("self", "the teachers are cross-fitted on the training rows")


def detect(given: FloatArray, reference: FloatArray, labels: IntArray) -> Regime:
    """Compare given probabilities with a cross-validated model on the same rows.

    Parameters
    ----------
    given, reference : ndarray of shape (n, K)
        Probabilities handed in, and those of a model that predicts each row unseen.
    labels : ndarray of shape (n,)
        Class codes.

    Notes
    -----
    Leaking is who is right on at least 97 % of the rows and of the reference's mistakes. If
    those are fewer than 5, it is who is right on at least 99.5 % of the rows with at most a
    fiftieth of the reference's log loss. Both are meant to be calibrated: a forest's votes on
    its own training rows are right but never certain.
    """
    mistakes = reference.argmax(axis=1) != labels
    right = given.argmax(axis=1) == labels
    on_mistakes = float(right[mistakes].mean()) if mistakes.any() else 0.0
    overall = float(right.mean())
    found = (
        f"given probabilities, calibrated, are right on {overall:.1%} of the rows and on "
        f"{on_mistakes:.1%} of the {mistakes.sum()} that a cross-validated model gets wrong"
    )
    if mistakes.sum() >= MIN_MISTAKES and min(on_mistakes, overall) >= LEAK_ACCURACY:
        return leaking(f"{found}: their model has seen these labels")
    losses, its = row_losses(given, labels), row_losses(reference, labels)
    certain = overall >= CERTAIN_ACCURACY and losses.mean() <= CERTAIN_SHARE * its.mean()
    if mistakes.sum() < MIN_MISTAKES and certain and its.mean() > LEAST_DOUBT:
        compared = f"log loss {losses.mean():.4f}, that model's {its.mean():.4f}"
        return leaking(f"{found}; {compared}: so sure is only who has seen these labels")
    gain = its - losses
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    compared = f"log loss {gain.mean():+.4f} ± {error:.4f} better than that model"
    if gain.mean() > 2 * error:
        return external(f"{found}; {compared}: they know more than these rows tell", on_mistakes)
    return Regime("self", f"{found}; {compared}: no more than these rows tell")


def leaking(reason: str) -> Regime:
    """Return the regime of teachers that have seen the labels."""
    warning = (
        f"{reason}. alpha is kept below 1; better give a teacher that can be cross-fitted, or "
        "probabilities for rows that it was not trained on"
    )
    return Regime("leaking", reason, warning)


def external(reason: str, on_mistakes: float) -> Regime:
    """Return the regime of teachers that know more, if they have not seen some of the labels."""
    warning = (
        f"{reason}, or their model was trained on some of them. If so, the selection rows flatter "
        "it: give a teacher that can be cross-fitted"
    )
    return Regime("external", reason, warning if on_mistakes >= DOUBTFUL_ACCURACY else "")


def worst(regimes: list[Regime]) -> Regime:
    """Return the regime that asks for the most care; several teachers share one."""
    order = {"self": 0, "external": 1, "leaking": 2}
    return max(regimes, key=lambda regime: order[regime.name], default=SELF)
