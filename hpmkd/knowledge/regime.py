"""Where the teachers' knowledge comes from: the same rows, other rows, or the labels.

Whether distilling pays depends on it more than on anything else, so a run finds out and
reports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from hpmkd.data.probabilities import row_losses
from hpmkd.knowledge.encompassing_test import lean

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

RegimeName = Literal["self", "external", "leaking"]

#: A model that never saw a row's label shares most mistakes of a cross-validated one, for
#: noise cannot be learnt. One that is right on nearly all of them has seen the labels.
LEAK_ACCURACY = 0.97
MIN_MISTAKES = 5
#: Beyond so many standard errors a gain over the cross-validated model is none of chance.
TELLING_GAIN = 2.0
#: Labels scatter about the probabilities of a model that has not seen them, whatever another
#: predicts. That they lean so many standard errors away from that other happens by chance once
#: in 700.
LEAK_LEAN = -3.0
#: Right on so many of the mistakes, a model that has seen some labels and an excellent one
#: from other rows look alike where the rows are few: the user is warned.
DOUBTFUL_ACCURACY = 0.5
#: Where the cross-validated model makes fewer mistakes, what it is unsure of must decide. A
#: calibrated model that has not seen the labels keeps some of that doubt: in trials on small easy
#: data a sixth or more of the log loss on the same rows, mostly a twentieth or more from other
#: rows. Labels, and forests on their own training rows, keep less than a fiftieth.
CERTAIN_ACCURACY = 0.995
CERTAIN_SHARE = 0.02
#: Below this log loss the model has no doubt either, and the two cannot be distinguished.
LEAST_DOUBT = 0.002


@dataclass(frozen=True)
class Evidence:
    """The evidence for a regime.

    Parameters
    ----------
    on_mistakes : float
        Share of the reference's mistakes on which what is given is right, in [0, 1].
    gain, error : float
        Mean log loss of the reference above that of what is given, in nats, and its
        standard error; of n rows, probabilities under 1/n are read as that.
    lean : float
        Which way the labels lean (`hpmkd.knowledge.encompassing_test.lean`), in standard errors.
    """

    on_mistakes: float
    gain: float
    error: float
    lean: float


@dataclass(frozen=True)
class Regime:
    """The regime of a run, how it was recognised, and what a user should be warned of."""

    name: RegimeName
    reason: str
    warning: str = ""
    evidence: Evidence | None = None


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
    Leaking are probabilities that are right on at least 97 % of the rows and of the reference's
    mistakes. If those are fewer than 5, it is those that are right on at least 99.5 % of the rows
    with at most a fiftieth of the reference's log loss. Both are meant to be calibrated: a forest's
    votes on its own training rows are right but never certain.

    Of those that are better than the reference by more than 2 standard errors, leaking are
    the ones whose labels lean away from it by more than 3; the others are external.
    """
    evidence = _compare(given, reference, labels)
    overall = float((given.argmax(axis=1) == labels).mean())
    mistakes = int((reference.argmax(axis=1) != labels).sum())
    found = (
        f"given probabilities, calibrated, are right on {overall:.1%} of the rows and on "
        f"{evidence.on_mistakes:.1%} of the {mistakes} that a cross-validated model gets wrong"
    )
    if mistakes >= MIN_MISTAKES and min(evidence.on_mistakes, overall) >= LEAK_ACCURACY:
        return leaking(f"{found}: their model has seen these labels", evidence)
    loss, its = (float(row_losses(each, labels).mean()) for each in (given, reference))
    certain = overall >= CERTAIN_ACCURACY and loss <= CERTAIN_SHARE * its
    if mistakes < MIN_MISTAKES and certain and its > LEAST_DOUBT:
        compared = f"log loss {loss:.4f}, that model's {its:.4f}"
        reason = f"{found}; {compared}: only a model that has seen these labels is so sure"
        return leaking(reason, evidence)
    return _by_gain(found, evidence)


def _by_gain(found: str, evidence: Evidence) -> Regime:
    found += f"; log loss {evidence.gain:+.4f} ± {evidence.error:.4f} better than that model"
    if evidence.gain <= TELLING_GAIN * evidence.error:
        return Regime("self", f"{found}: no more than these rows show", evidence=evidence)
    if evidence.lean < LEAK_LEAN:
        return leaking(
            f"{found}, but where the two disagree the labels lean away from that model "
            f"{-evidence.lean:.1f} standard errors further than they should: their model has "
            "seen some of these labels",
            evidence,
        )
    return external(f"{found}: they know more than these rows show", evidence)


def _compare(given: FloatArray, reference: FloatArray, labels: IntArray) -> Evidence:
    mistakes = reference.argmax(axis=1) != labels
    right = given.argmax(axis=1) == labels
    # No model of n rows is known to be surer than one in n. Unbounded, a single row on which a
    # forest has no vote for the true class costs 36 nats and hides all that it knows of others.
    known, its = (np.maximum(each, 1 / len(labels)) for each in (given, reference))
    gain = row_losses(its, labels) - row_losses(known, labels)
    return Evidence(
        on_mistakes=float(right[mistakes].mean()) if mistakes.any() else 0.0,
        gain=float(gain.mean()),
        error=float(gain.std(ddof=1) / np.sqrt(len(gain))),
        lean=lean(given, reference, labels),
    )


def leaking(reason: str, evidence: Evidence) -> Regime:
    """Return the regime of teachers that have seen the labels."""
    warning = (
        f"{reason}. alpha is kept below 1; better give a teacher that can be cross-fitted, or "
        "probabilities for rows that it was not trained on"
    )
    return Regime("leaking", reason, warning, evidence)


def external(reason: str, evidence: Evidence) -> Regime:
    """Return the regime of teachers that know more, if they have not seen some of the labels."""
    warning = (
        f"{reason}, or their model was trained on some of them. If so, its results on the "
        "selection rows are optimistic: give a teacher that can be cross-fitted"
    )
    doubtful = evidence.on_mistakes >= DOUBTFUL_ACCURACY
    return Regime("external", reason, warning if doubtful else "", evidence)


def worst(regimes: list[Regime]) -> Regime:
    """Return the regime that requires the most care; several teachers share one."""
    order = {"self": 0, "external": 1, "leaking": 2}
    return max(regimes, key=lambda regime: order[regime.name], default=SELF)
