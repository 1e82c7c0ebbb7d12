"""Logistic regression on soft targets: own L-BFGS, exact at every temperature."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from scipy.optimize import minimize

from hpmkd.kernels import distillation_loss, soften
from hpmkd.student import LinearModel, Student
from hpmkd_defaults.stages.targets import mixed_target, smoothed_prior, softening_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import LinearEncoder
    from hpmkd.values import FloatArray, Hyperparameter, Softening, StageInputs

#: More steps than a scaled design needs; the gradient tolerance ends the search before.
MAX_STEPS = 300
#: Largest slope left in any parameter of the mean loss, in nats.
TOLERANCE = 1e-6


class LogisticStage:
    """Softmax regression (one margin for two classes) on the tempered loss.

    Minimises ``mean L + |W|^2 / (2 C n)``: scikit-learn's ridge, the intercept free. The
    loss is convex, its gradient exact, the start fixed: the result is deterministic and
    the seed unused.

    Hyperparameters: ``C`` (1e-3 … 100), the inverse strength of the ridge.
    """

    encoding: ClassVar[str] = "linear"
    complexity: ClassVar[int] = 0
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({"C": 1.0})

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw the strength of the ridge."""
        return {"C": trial.suggest_float("C", 1e-3, 100.0, log=True)}

    def fit(self, inputs: StageInputs) -> Student:
        """Minimise from the log prior with L-BFGS."""
        settings = {**self.defaults, **inputs.configuration.hyperparameters}
        softening = softening_at(inputs, progress=0.0)
        objective = TemperedLogistic(inputs, softening, float(settings["C"]))
        found = minimize(
            objective,
            objective.start(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": MAX_STEPS, "gtol": TOLERANCE, "ftol": 1e-12},
        )
        # What is left after float32 is far below the tolerance, and the file half as large.
        weights, intercept = objective.unpack(found.x.astype(np.float32))
        encoder = cast("LinearEncoder", inputs.encoder)  # what the encoding "linear" means
        return Student(encoder, LinearModel(weights, intercept), inputs.classes)


class TemperedLogistic:
    """Loss and gradient of a linear student as a function of its flat parameters.

    Parameters
    ----------
    inputs : StageInputs
        The rows, labels and teacher.
    softening : Softening
        Temperature and alpha of the loss.
    C : float
        Inverse strength of the ridge, > 0.
    """

    def __init__(self, inputs: StageInputs, softening: Softening, C: float) -> None:
        n_classes = len(inputs.classes)
        self.matrix, self.labels, self.softening = inputs.matrix, inputs.labels, softening
        self.n_margins = n_classes if n_classes > 2 else 1
        shape = (len(inputs.labels), n_classes) if n_classes > 2 else (len(inputs.labels),)
        self.buffers = np.empty(shape), np.empty(shape)
        softened = soften(inputs.soft_targets, softening.temperature)
        self.soft_targets = softened if n_classes > 2 else softened[:, 1].copy()
        self.ridge = 1.0 / (C * len(inputs.labels))
        target = mixed_target(inputs.soft_targets, inputs.labels, softening.alpha)
        self.prior = smoothed_prior(target)

    def start(self) -> FloatArray:
        """Return no slope and the log prior as intercept, flat."""
        n_columns = self.matrix.shape[1]
        logits = np.log(self.prior)
        intercept = logits if self.n_margins > 1 else logits[1:] - logits[:1]
        return np.vstack([np.zeros((n_columns, self.n_margins)), intercept]).ravel()

    def unpack(self, flat: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Split flat parameters into coefficients (d, C) and intercept (C,)."""
        parameters = flat.reshape(-1, self.n_margins)
        return parameters[:-1], parameters[-1]

    def __call__(self, flat: FloatArray) -> tuple[float, FloatArray]:
        """Return the penalised mean loss and its gradient, flat."""
        weights, intercept = self.unpack(flat)
        margins = self.matrix @ weights + intercept
        loss, slope, _ = distillation_loss(
            margins if self.n_margins > 1 else margins[:, 0],
            self.labels,
            self.soft_targets,
            self.softening.temperature,
            self.softening.alpha,
            out=self.buffers,
        )
        slope = slope.reshape(margins.shape) / len(self.labels)
        gradient = np.vstack([self.matrix.T @ slope + self.ridge * weights, slope.sum(axis=0)])
        return loss + 0.5 * self.ridge * float((weights**2).sum()), gradient.ravel()
