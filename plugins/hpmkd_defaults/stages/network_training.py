"""The training of a network student, an epoch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import RecipeError
from hpmkd.kernels import network_epoch, network_inputs, network_margins, soften
from hpmkd.student.models.network import MAX_HIDDEN, MAX_WIDTH
from hpmkd_defaults.network_weights import BATCH, HORIZON, layer_sizes, layers_of, start_state
from hpmkd_defaults.stages.objective import FitLog
from hpmkd_defaults.stages.row_loss import (
    checked_extra,
    stacked_matrix,
    stacked_target,
    stacked_weights,
)
from hpmkd_defaults.stages.targets import current_softening, smoothed_prior, softening_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, Hyperparameter, Softening, StageInputs

    Singles = NDArray[np.float32]

#: Beyond this no training ends well, and no student may have it.
LARGEST = 1e4


#: Whole numbers and their ranges, then positive and not negative ones.
WHOLE = {"n_epochs": (1, 100_000), "width": (1, MAX_WIDTH), "layers": (1, MAX_HIDDEN)}
LEAST = {"learning_rate": 1e-12, "weight_decay": 0.0}


def _check(settings: Mapping[str, Any]) -> None:
    """Refuse hyperparameters that no network has.

    Raises
    ------
    RecipeError
        One is unknown, no number, or out of its range.
    """
    if unknown := sorted(set(settings) - {*WHOLE, *LEAST}):
        known = ", ".join([*WHOLE, *LEAST])
        raise RecipeError(f"a network has no hyperparameter {unknown[0]!r}; it has {known}")
    for name, (low, high) in WHOLE.items():
        if not low <= settings[name] <= high or settings[name] != int(settings[name]):
            raise RecipeError(
                f"{name} is {settings[name]}: expected a whole number from {low} to {high}"
            )
    for name, least in LEAST.items():
        if not least <= settings[name] <= 1e6:
            raise RecipeError(f"{name} is {settings[name]}: expected {least:g} to 1e6")


class NetworkTraining:
    """Weights on their way; everything random is drawn from the seed, epoch after epoch.

    Parameters
    ----------
    inputs : StageInputs
        What is fitted; two classes have one margin, that of class 1.
    defaults : mapping
        Hyperparameters that the configuration does not name.
    """

    def __init__(self, inputs: StageInputs, defaults: Mapping[str, Hyperparameter]) -> None:
        settings: Mapping[str, Any] = {**defaults, **inputs.configuration.hyperparameters}
        _check(settings)
        self.n_epochs = int(settings["n_epochs"])
        self._inputs, self._extra = inputs, checked_extra(inputs)
        self._rate = float(settings["learning_rate"])
        self._decay = float(settings["weight_decay"])
        self._matrix = network_inputs(stacked_matrix(inputs, self._extra))
        self._labels = inputs.labels.astype(np.int64, copy=False)
        n_classes = len(inputs.classes)
        hidden = [int(settings["width"])] * int(settings["layers"])
        self._sizes = layer_sizes(self._matrix.shape[1], hidden, n_classes)
        self._random = np.random.default_rng(inputs.seed)
        self._state = start_state(self._sizes, self._prior(), self._random)
        self._log = FitLog(inputs, self.n_epochs)
        self._done = 0
        self._softened: tuple[float, Singles] | None = None

    @property
    def average(self) -> Singles:
        """The averaged parameters, flat; the next epoch changes them."""
        average: Singles = self._state[3]
        return average

    def epoch(self) -> None:
        """Pass over all rows once.

        Raises
        ------
        RecipeError
            The training diverged.
        """
        softening = self._softening()
        n_rows, extra = len(self._matrix), self._extra
        loss = network_epoch(
            self._sizes,
            self._state,
            self._matrix,
            self._labels,
            self._soft_targets(softening.temperature),
            self._random.permutation(n_rows),
            softening.temperature,
            softening.alpha,
            0.0 if extra is None else extra.weight,
            batch=BATCH,
            step=self._done * -(-n_rows // BATCH),
            rate=self._rate,
            decay=self._decay,
            horizon=HORIZON,
            weights=self._inputs.weights,
        )
        self._log.write(loss)
        self._done += 1
        if not np.abs(self._state[[0, 3]]).max() <= LARGEST:  # NaN is not either
            raise RecipeError(
                f"the network diverged in epoch {self._done} at learning_rate={self._rate:g}: "
                "lower it"
            )

    def layers(self, average: Singles | None = None) -> tuple[list[Singles], list[Singles]]:
        """Return weights and biases of each layer, by default those of now."""
        return layers_of(self.average if average is None else average, self._sizes)

    def _softening(self) -> Softening:
        """Return how soft the targets of the next epoch are."""
        if not self._inputs.scheduler.varies:
            return softening_at(self._inputs, self._done / self.n_epochs)
        weights, biases = self.layers()
        margins = network_margins(self._inputs.matrix, weights, biases)
        shown = margins[:, 0] if margins.shape[1] == 1 else margins
        return current_softening(self._inputs, self._log.look(shown.astype(np.float64)))

    def _soft_targets(self, temperature: float) -> Singles:
        """Return the teacher's probabilities of all rows, softened; the last are kept."""
        if self._softened is None or self._softened[0] != temperature:
            teachers = [self._inputs.soft_targets]
            teachers += [] if self._extra is None else [self._extra.soft_targets]
            softened = np.vstack([soften(each, temperature) for each in teachers])
            self._softened = (temperature, softened.astype(np.float32))
        return self._softened[1]

    def _prior(self) -> FloatArray:
        """Return the mean target in the first epoch, of shape (K,)."""
        alpha = softening_at(self._inputs, progress=0.0).alpha
        target = stacked_target(self._inputs, self._extra, alpha)
        return smoothed_prior(target, stacked_weights(self._inputs, self._extra))
