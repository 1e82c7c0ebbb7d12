"""The margin under boosted trees: the prior, or a linear student's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hpmkd.errors import DataError, RecipeError
from hpmkd.student import LinearModel, Student, add
from hpmkd_defaults.stages.boosting_rounds import start_margin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student import TreeEncoder, TreesModel
    from hpmkd.values import FloatArray, StageInputs
    from hpmkd_defaults.stages.boosting_rounds import Boosting


@dataclass(frozen=True)
class BoostingBase:
    """The margin under the trees: ``design @ coefficients + intercept``.

    Parameters
    ----------
    design : ndarray of shape (n + m, dl)
        All rows as the previous linear student encodes them; dl = 0 without one.
    held_design : ndarray of shape (h, dl)
        The held-out rows likewise; h = 0 if there are none.
    coefficients : ndarray of shape (dl, C)
        Its weights.
    intercept : ndarray of shape (C,)
        Its intercept; without a previous student, the log prior.
    """

    design: FloatArray
    held_design: FloatArray
    coefficients: FloatArray
    intercept: FloatArray

    @classmethod
    def under(cls, boosting: Boosting[Any]) -> BoostingBase:
        """Return where a fit starts.

        Raises
        ------
        RecipeError
            The previous student is not linear: margins of trees overfit, and boosting on top of
            them was measured to hurt.
        DataError
            Rows are held out, but not as the previous student encodes them.
        """
        start, held = boosting.inputs.start, boosting.inputs.held
        n_held = 0 if held is None else len(held.labels)
        if start is None:
            intercept = start_margin(boosting.target, boosting.weights)
            none = np.zeros((0, len(intercept)))
            return cls(np.zeros((len(boosting.rows), 0)), np.zeros((n_held, 0)), none, intercept)
        model = getattr(start.student, "model", None)
        if not isinstance(model, LinearModel):
            raise RecipeError(
                f"chain: {boosting.inputs.configuration.stage} can start only from the margins of "
                'a linear student; write after = "logistic"'
            )
        if boosting.extra is not None and start.extra_matrix is None:
            raise DataError(
                f"there are {len(boosting.extra.matrix)} rows without labels, but none as the "
                "student to start from encodes them: set Previous.extra_matrix"
            )
        extra = start.extra_matrix if boosting.extra is not None else None
        design = start.matrix if extra is None else np.vstack([start.matrix, extra])
        held_design = start.held_matrix if n_held else np.zeros((0, design.shape[1]))
        if held_design is None or len(held_design) != n_held:
            raise DataError(
                f"{n_held} rows are held out, but the student to start from has "
                f"{0 if held_design is None else len(held_design)} of them: "
                "set Previous.held_matrix"
            )
        return cls(design, held_design, model.coefficients, model.intercept)

    @cached_property
    def margins(self) -> NDArray[np.float32]:
        """Margins of all rows, of shape (n + m, C)."""
        return self._margins(self.design)

    @cached_property
    def range(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Least and largest margin of all rows, each of shape (C,)."""
        return self.margins.min(axis=0), self.margins.max(axis=0)

    @property
    def held_margins(self) -> NDArray[np.float32]:
        """Margins of the held-out rows, of shape (h, C): moved into the range of the others."""
        return np.clip(self._margins(self.held_design), *self.range)

    def student(self, inputs: StageInputs, trees: TreesModel) -> Student:
        """Return trees and the margin under them as one student."""
        encoder = cast("TreeEncoder", inputs.encoder)  # what the encoding "tree" means
        if inputs.start is None:
            return Student(
                encoder,
                replace(trees, base_margin=self.intercept.astype(np.float32)),
                inputs.classes,
            )
        start = cast("Student", inputs.start.student)  # a linear one, or there were no trees
        model = LinearModel(self.coefficients, self.intercept)
        linear = Student(start.encoder, model, inputs.classes)
        return add(linear, trees, encoder, *self.range)

    def _margins(self, design: FloatArray) -> NDArray[np.float32]:
        # By the kernel of the student that this becomes, for the same bits.
        margins = LinearModel(self.coefficients, self.intercept).margins(design)
        return margins.astype(np.float32)
