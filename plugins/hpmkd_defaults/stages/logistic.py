"""Logistic regression on soft targets: own L-BFGS, exact at every temperature."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from scipy.optimize import minimize

from hpmkd.student import LinearModel, Student
from hpmkd_defaults.settings_types import Natural
from hpmkd_defaults.stages.row_loss import (
    RowLoss,
    at_most,
    checked_extra,
    stacked_matrix,
    stacked_target,
    stacked_weights,
)
from hpmkd_defaults.stages.targets import smoothed_prior, softening_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import LinearEncoder
    from hpmkd.values import DataFacts, FloatArray, Hyperparameter, Softening, StageInputs

#: More steps than a scaled design needs; the gradient tolerance ends the search before.
MAX_STEPS = 300
#: Largest slope left in any parameter of the mean loss, in nats.
TOLERANCE = 1e-6


class LogisticStage:
    """Softmax regression (one margin for two classes) on the tempered loss.

    Minimises ``mean L + |W|^2 / (2 C n)``: scikit-learn's ridge, the intercept free. The
    loss is convex, its gradient exact, the start fixed: the result is deterministic and
    the seed unused.

    Hyperparameter: ``C`` (1e-3 … 100), the inverse strength of the ridge.

    Parameters
    ----------
    rows : int
        Rows with a label that it is fitted on at most, class by class; 0 for no cap. With few
        parameters, more change the log loss by less than .001.
    """

    encoding: ClassVar[str] = "linear"
    complexity: ClassVar[int] = 0
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({"C": 1.0})

    def __init__(self, rows: Natural = 50_000) -> None:
        self.rows = rows

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        fitted = f"linear students are fitted on {self.rows} of {facts.n_rows} rows"
        return {"rows": fitted} if 0 < self.rows < facts.n_rows else {}

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw the strength of the ridge."""
        return {"C": trial.suggest_float("C", 1e-3, 100.0, log=True)}

    def fit(self, inputs: StageInputs) -> Student:
        """Minimise from the log prior with L-BFGS."""
        settings = {**self.defaults, **inputs.configuration.hyperparameters}
        inputs = at_most(inputs, self.rows)
        # A design of single precision would be read as one of double in every step.
        inputs = replace(inputs, matrix=inputs.matrix.astype(np.float64, copy=False))
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
        The rows, labels and teacher; n is the weight of all rows.
    softening : Softening
        Temperature and alpha of the loss.
    C : float
        Inverse strength of the ridge, > 0.
    """

    def __init__(self, inputs: StageInputs, softening: Softening, C: float) -> None:
        n_classes = len(inputs.classes)
        extra = checked_extra(inputs)
        self.matrix, self.softening = stacked_matrix(inputs, extra), softening
        self.n_margins = n_classes if n_classes > 2 else 1
        self.row_loss = RowLoss(inputs, extra)
        self.mass = self.row_loss.mass
        self.ridge = 1.0 / (C * self.mass)
        target = stacked_target(inputs, extra, softening.alpha)
        self.prior = smoothed_prior(target, stacked_weights(inputs, extra))

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
        loss, slope, _ = self.row_loss(margins, self.softening)
        slope = slope.reshape(margins.shape) / self.mass
        gradient = np.vstack([self.matrix.T @ slope + self.ridge * weights, slope.sum(axis=0)])
        return loss + 0.5 * self.ridge * float((weights**2).sum()), gradient.ravel()
