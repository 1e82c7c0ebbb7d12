"""A small network on soft targets: Adam on mini-batches, its weights averaged over the steps."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from hpmkd.kernels import distillation_loss
from hpmkd.student import NetworkModel, Student
from hpmkd_defaults.settings_types import Natural
from hpmkd_defaults.stages.network_training import NetworkTraining
from hpmkd_defaults.stages.row_loss import at_most, checked_held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import LinearEncoder
    from hpmkd.values import DataFacts, FloatArray, HeldOutRows, Hyperparameter, StageInputs

#: Epochs of a fit, and of a path that held-out rows end, unless ``n_epochs`` says otherwise.
EPOCHS, LONGEST_PATH = 40, 200
#: Epochs without a new best of the held-out rows after which a path ends.
PATIENCE = 10


class NetworkStage:
    """One or two hidden layers of ReLU units, trained on the exact distillation loss.

    Each epoch is a pass over all rows in a new order, each batch a step of Adam with decoupled
    weight decay and a constant rate. The student has the moving average of the weights over the
    last steps: less noise than those of any one step, and no schedule that would have to know the
    last epoch. So a fit of r epochs is, bit for bit, the r-th student of a longer path.
    A scheduler that varies is called once per epoch.

    Hyperparameters: ``width`` (16 … 128) of each of ``layers`` (1 or 2), ``learning_rate``
    (5e-4 … 1e-2), ``weight_decay`` (.01 … 1; it comes off times the rate) and ``n_epochs``, the
    limit, which is not searched: 40 by default, 200 where held-out rows end the path. Its
    portfolio: the defaults with four times the decay, for few or noisy rows.

    Parameters
    ----------
    rows : int
        Rows with a label that it is fitted on at most, class by class; 0 for no cap.
    half_weights : bool
        Whether weights and biases are rounded to what float16 holds, which halves their bytes in
        a file; ``losses`` of a path are those before.

    References
    ----------
    Ba and Caruana (2014), Do deep nets really need to be deep?
    """

    encoding: ClassVar[str] = "linear"
    complexity: ClassVar[int] = 2
    limit: ClassVar[str] = "n_epochs"
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {"width": 64, "layers": 2, "learning_rate": 4e-3, "weight_decay": 0.1}
    )
    portfolio: ClassVar[Sequence[Mapping[str, Hyperparameter]]] = (
        {**defaults, "weight_decay": 0.4},
    )

    def __init__(self, rows: Natural = 100_000, half_weights: bool = False) -> None:
        self.rows, self.half_weights = rows, half_weights

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        fitted = f"networks are fitted on {self.rows} of {facts.n_rows} rows"
        return {"rows": fitted} if 0 < self.rows < facts.n_rows else {}

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw the layers and their width, the rate, and the decay."""
        return {
            "width": trial.suggest_int("width", 16, 128, log=True),
            "layers": trial.suggest_int("layers", 1, 2),
            "learning_rate": trial.suggest_float("learning_rate", 5e-4, 1e-2, log=True),
            "weight_decay": trial.suggest_float("weight_decay", 0.01, 1.0, log=True),
        }

    def fit(self, inputs: StageInputs) -> Student:
        """Train for as many epochs as the limit allows.

        Raises
        ------
        RecipeError
            The training diverged: a weight is not finite, or far too large.
        """
        training = self._training(inputs, EPOCHS)
        for _ in range(training.n_epochs):
            training.epoch()
        return _student(inputs, training.layers(), self.half_weights)

    def path(self, inputs: StageInputs) -> NetworkPath | None:
        """Train until the held-out rows have not gained for some epochs; None under a schedule.

        Raises
        ------
        RecipeError
            As :meth:`fit`.
        """
        if inputs.scheduler.varies:
            return None
        held = checked_held(inputs)
        training = self._training(inputs, EPOCHS if held is None else LONGEST_PATH)
        losses: list[float] = []
        averages = []
        for _ in range(training.n_epochs):
            training.epoch()
            averages.append(training.average.copy())
            if held is None:
                continue
            losses.append(_held_loss(NetworkModel(*training.layers()), held))
            if len(losses) - 1 - int(np.argmin(losses)) >= PATIENCE:
                break
        return NetworkPath(np.array(losses), inputs, training, averages, self.half_weights)

    def _training(self, inputs: StageInputs, n_epochs: int) -> NetworkTraining:
        """Return what trains, for so many epochs unless the configuration says otherwise."""
        settings = {"n_epochs": n_epochs, **self.defaults}
        return NetworkTraining(at_most(inputs, self.rows), settings)


@dataclass(frozen=True)
class NetworkPath:
    """The students after each epoch of one training.

    Parameters
    ----------
    losses : ndarray of shape (R,)
        Mean log loss of the held-out rows; empty if there are none.
    inputs : StageInputs
        What was fitted.
    training : NetworkTraining
        How.
    averages : sequence of R arrays
        The averaged parameters after each epoch.
    half_weights : bool
        Whether they are rounded to float16.
    """

    losses: FloatArray
    inputs: StageInputs
    training: NetworkTraining
    averages: Sequence[FloatArray]
    half_weights: bool

    def student(self, n_rounds: int) -> Student:
        """Return the student of the first epochs, 1 … R.

        Raises
        ------
        ValueError
            There are fewer.
        """
        if not 1 <= n_rounds <= len(self.averages):
            raise ValueError(f"got {n_rounds} epochs, expected 1 to {len(self.averages)}")
        layers = self.training.layers(self.averages[n_rounds - 1])
        return _student(self.inputs, layers, self.half_weights)


def _student(
    inputs: StageInputs,
    layers: tuple[Sequence[FloatArray], Sequence[FloatArray]],
    half_weights: bool,
) -> Student:
    """Return the student of some weights and biases."""
    weights, biases = layers
    if half_weights:  # none is near the largest of float16: the training would have diverged
        weights, biases = ([each.astype(np.float16) for each in part] for part in layers)
    encoder = cast("LinearEncoder", inputs.encoder)  # what the encoding "linear" means
    return Student(encoder, NetworkModel(weights, biases), inputs.classes)


def _held_loss(model: NetworkModel, held: HeldOutRows) -> float:
    """Return the weighted mean log loss of the held-out rows, in nats."""
    margins = model.margins(held.matrix)
    margins = margins[:, 0] if model.n_margins == 1 else margins
    unread = np.zeros(margins.shape)
    loss, *_ = distillation_loss(margins, held.labels, unread, 1.0, 0.0, weights=held.weights)
    return loss
