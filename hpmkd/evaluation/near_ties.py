"""The smaller of students that the selection rows cannot distinguish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.evaluation.gates import compare
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.recipe.units import shown_size
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.evaluation.metrics import Metric
    from hpmkd.values import FloatArray

#: Paired standard errors by which a smaller student may be worse.
MOST_ERRORS = 0.5


def smaller_of_near_ties(
    best: str,
    row_losses: Mapping[str, FloatArray],
    n_bytes: Mapping[str, int],
    metric: Metric = LOG_LOSS,
    weights: FloatArray | None = None,
) -> tuple[str, str | None]:
    """Return the smallest candidate that is as good as the best, and a note if it is another.

    As good is a mean loss within half a standard error of the paired differences: half of what
    the rule of one standard error allows (Breiman et al. 1984, section 3.4.3), as it is applied
    after a choice that was lucky already.

    Parameters
    ----------
    best : str
        The candidate with the least loss.
    row_losses : mapping of str to ndarray of shape (n,)
        Of the candidates, the best among them, on the same selection rows, by the metric. A single
        row ties nothing.
    n_bytes : mapping of str to int
        Of each of them.
    metric : Metric
        What the losses are of.
    weights : ndarray of shape (n,), optional
        How much each row counts, > 0; without them all count the same.

    Returns
    -------
    name : str
        Of the smallest; of equally small ones that with the least loss.
    note : str or None
        A sentence without its full stop; None if the best is the smallest.

    Raises
    ------
    ValueError
        If a candidate has no size.
    """
    if missing := [name for name in row_losses if name not in n_bytes]:
        raise ValueError(f"expected the size of each candidate; got none of {', '.join(missing)}")
    means = {name: weighted_mean(losses, weights) for name, losses in row_losses.items()}
    tied = [name for name in row_losses if _as_good(row_losses[name], row_losses[best], weights)]
    smaller = [name for name in tied if n_bytes[name] < n_bytes[best]]
    if not smaller:
        return best, None
    chosen = min(smaller, key=lambda name: (n_bytes[name], means[name]))
    one, other = (f"{name} ({shown_size(n_bytes[name])})" for name in (best, chosen))
    return chosen, (
        f"{one} and {other} are as good as each other on the selection rows ({metric.title} "
        f"{metric.score(means[best]):.4f} and {metric.score(means[chosen]):.4f}): the smaller ships"
    )


def _as_good(losses: FloatArray, best: FloatArray, weights: FloatArray | None) -> bool:
    found = compare(losses, best, weights)
    return len(losses) > 1 and found.gain <= MOST_ERRORS * found.standard_error
