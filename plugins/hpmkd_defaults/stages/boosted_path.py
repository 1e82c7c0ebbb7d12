"""The path of a boosted fit: one student after every round, for the price of the last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.student import TreesModel, join_trees
from hpmkd.values import weighted_mean
from hpmkd_defaults.stages.boosting_base import BoostingBase
from hpmkd_defaults.stages.leaf_refit import refitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student import Student
    from hpmkd.values import FloatArray, HeldOutRows, StageInputs
    from hpmkd_defaults.stages.boosting_rounds import Boosting

#: Sum of the steps of the rounds without a new least loss of the held-out rows after which a fit
#: ends, and rounds at least: 20 of a step of .12. Twice as many find no lower loss (eight sets,
#: n = 2,000).
PATIENCE, LEAST_PATIENCE = 2.4, 10


@dataclass(frozen=True)
class PathPart:
    """The result of a number of rounds, and a booster for those on top of it.

    Parameters
    ----------
    done : int
        Rounds before it.
    base : BoostingBase
        The margin under all trees.
    before : TreesModel or None
        The trees of those rounds; None at the beginning.
    booster : object
        Further rounds, on top of base and trees.
    boosting : Boosting
        What adds rounds to it.
    """

    done: int
    base: BoostingBase
    before: TreesModel | None
    booster: Any
    boosting: Boosting[Any]
    #: The most rounds that were asked for, packed: to read them takes longer than to cut them.
    _packed: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def after(
        cls,
        boosting: Boosting[Any],
        done: int,
        base: BoostingBase,
        before: TreesModel | None = None,
    ) -> PathPart:
        """Return the part that continues from here, without a round of its own."""
        margins, held = base.margins.copy(), base.held_margins
        if before is not None:
            before.add_to(margins, boosting.rows)
            if boosting.inputs.held is not None:
                before.add_to(held, boosting.inputs.held.matrix)
        return cls(done, base, before, boosting.booster(margins, held), boosting)

    def trees(self, n_rounds: int) -> TreesModel:
        """Return the trees of the first rounds of the fit, `done` or more."""
        own = n_rounds - self.done
        if own == 0 and self.before is not None:
            return self.before
        known = self._packed.get("rounds", 0)
        if own > known or not known:
            self._packed.update(rounds=own, trees=self.boosting.trees(self.booster, own))
            known = own
        fresh: TreesModel = self._packed["trees"]
        if own < known:
            fresh = fresh.first(fresh.n_trees // known * own)
        return fresh if self.before is None else join_trees([self.before, fresh])


class BoostedPath:
    """The students of one boosted fit, each of one round more than the one before.

    Parameters
    ----------
    inputs : StageInputs
        What was fitted.
    parts : list of PathPart
        In the order of their rounds: the first begins with none, each other one after a refit.
    n_rounds : int
        Rounds in all.
    losses : list of float
        Mean log loss of the held-out rows after each round; empty without such rows.
    half_leaves : bool
        Whether vectors in leaves are rounded to what float16 holds.
    """

    def __init__(
        self,
        inputs: StageInputs,
        parts: list[PathPart],
        n_rounds: int,
        losses: list[float],
        half_leaves: bool,
    ) -> None:
        self.losses: FloatArray = np.array(losses, dtype=np.float64)
        self.n_rounds = n_rounds
        self._inputs, self._parts, self._half_leaves = inputs, parts, half_leaves

    def student(self, n_rounds: int) -> Student:
        """Return the student of the first rounds, 1 … R: bit for bit what their fit returns.

        Raises
        ------
        ValueError
            There are fewer rounds.
        """
        if not 1 <= n_rounds <= self.n_rounds:
            raise ValueError(f"got n_rounds={n_rounds}, but the path has 1 … {self.n_rounds}")
        part = max(
            (each for each in self._parts if each.done <= n_rounds), key=lambda each: each.done
        )
        trees = part.trees(n_rounds)
        if self._half_leaves and trees.leaf_values.shape[1] > 1:
            trees = trees.with_leaf_values(as_half(trees.leaf_values))
        return part.base.student(self._inputs, trees)


def grow(
    boosting: Boosting[Any], refit_every: int = 0, refit_rows: int = 0, half_leaves: bool = False
) -> BoostedPath:
    """Boost to the limit, or until the loss of the held-out rows no longer falls.

    Parameters
    ----------
    boosting : Boosting
        The rows and their loss.
    refit_every : int
        After every so many rounds all leaves and the linear margin are refitted; 0 for never.
    refit_rows : int
        Rows with a label that a refit is fitted on at most, but at least 100 for each leaf
        value; 0 for no cap.
    half_leaves : bool
        Whether vectors in leaves are rounded to what float16 holds.
    """
    inputs = boosting.inputs
    parts = [PathPart.after(boosting, 0, BoostingBase.under(boosting))]
    losses: list[float] = []
    done, patience = 0, patience_of(boosting.parameters["eta"])
    while done < boosting.n_rounds and not exhausted(losses, patience):
        boosting.boost(parts[-1].booster, done)
        done += 1
        if refit_every and done % refit_every == 0:
            last = parts[-1]
            base, trees = refitted(boosting, last.base, last.trees(done), done, refit_rows)
            parts.append(PathPart.after(boosting, done, base, trees))
        if inputs.held is not None:
            margins = boosting.held_margins(parts[-1].booster)
            losses.append(log_loss(margins, inputs.held))
    return BoostedPath(inputs, parts, done, losses, half_leaves)


def patience_of(eta: float) -> int:
    """Return the rounds of a step without a new least loss after which a fit ends."""
    return max(LEAST_PATIENCE, round(PATIENCE / eta))


def exhausted(losses: list[float], patience: int) -> bool:
    """Tell whether the last `patience` losses are no less than one before them."""
    return len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])


def log_loss(margins: NDArray[np.float32], held: HeldOutRows) -> float:
    """Return the weighted mean log loss of held-out rows, in nats.

    Margins are of shape (h, K), or (h,) for two classes.
    """
    exact, labels = margins.astype(np.float64), held.labels
    if exact.ndim == 1:
        losses = np.logaddexp(0.0, np.where(labels == 1, -exact, exact))
        return weighted_mean(losses, held.weights)
    exact -= exact.max(axis=1, keepdims=True)
    right = exact[np.arange(len(labels)), labels]
    return weighted_mean(np.log(np.exp(exact).sum(axis=1)) - right, held.weights)


def as_half(values: FloatArray) -> NDArray[np.float32]:
    """Return the nearest values that float16 holds, as float32; what is beyond is its largest."""
    largest = float(np.finfo(np.float16).max)
    return np.clip(values, -largest, largest).astype(np.float16).astype(np.float32)
