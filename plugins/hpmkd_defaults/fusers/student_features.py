"""Features of attention beside those of the teachers: the current student's errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import kl_divergence, soften
from hpmkd_defaults.fusers.calibrated_members import positive
from hpmkd_defaults.fusers.calibration import calibrating_temperature
from hpmkd_defaults.fusers.pooling import evidence
from hpmkd_defaults.fusers.row_scores import features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.values import FloatArray
    from hpmkd_defaults.fusers.calibrated_members import Members

STUDENT_FEATURES = (
    "log local loss of the student",
    "max probability of the student",
    "log divergence from the student",
    "agrees with the student",
    "agreement times local loss of the student",
)


@dataclass(frozen=True)
class StudentReader:
    """The current student as attention reads it: calibrated, as the teachers are.

    Parameters
    ----------
    temperature : float
        Of the student, in [.05, 20].
    """

    temperature: float

    @classmethod
    def fit(cls, probabilities: FloatArray, members: Members) -> StudentReader:
        """Calibrate a student, given its (n, K) probabilities for the rows of the members."""
        labels, weights = members.labels, members.weights
        return cls(calibrating_temperature(positive(probabilities), labels, weights))

    def losses(self, probabilities: FloatArray, members: Members) -> FloatArray:
        """Return the student's log loss (n,) on the rows of the members."""
        return -np.log(evidence(self._calibrated(probabilities), members.labels))

    def features(
        self, teachers: FloatArray, probabilities: FloatArray, local_losses: FloatArray
    ) -> FloatArray:
        """Return features of shape (M, b, 5); see :data:`STUDENT_FEATURES`.

        Those that all teachers share on a row count by each teacher's own coefficients. Where the
        student is often wrong, a teacher may count for differing from it: hence the product.

        Parameters
        ----------
        teachers : ndarray of shape (M, b, K)
            Probabilities of the calibrated teachers.
        probabilities : ndarray of shape (b, K)
            Of the student, as it gives them.
        local_losses : ndarray of shape (b,)
            The student's mean loss among the nearest training rows.
        """
        student = self._calibrated(probabilities)
        named = student.argmax(axis=1)
        found = np.empty((*teachers.shape[:2], len(STUDENT_FEATURES)))
        found[:, :, 0] = np.log(local_losses + 1e-2)
        found[:, :, 1] = student.max(axis=1)
        for predicted, out in zip(teachers, found, strict=True):
            out[:, 2] = np.log(kl_divergence(predicted, student) + 1e-6)
            out[:, 3] = predicted.argmax(axis=1) == named
            out[:, 4] = np.where(out[:, 3] > 0, local_losses, -local_losses)
        return found

    def _calibrated(self, probabilities: FloatArray) -> FloatArray:
        return soften(positive(probabilities), self.temperature)


def looked_at(
    probabilities: FloatArray,
    weights: Sequence[float],
    local_losses: FloatArray,
    reader: StudentReader | None,
    student_state: FloatArray | None,
) -> FloatArray:
    """Return the features (M, b, F) of teachers, and behind them those of a student, if any.

    `local_losses` (b, M) are the teachers'; with a student (b, M + 1), its own last.
    """
    n_teachers = len(probabilities)
    found = features(probabilities, weights, local_losses[:, :n_teachers])
    if reader is None or student_state is None:
        return found
    own = reader.features(probabilities, student_state, local_losses[:, -1])
    return np.concatenate([found, own], axis=2)
