"""The margin under the trees: the log prior, or a linear student's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from hpmkd.errors import DataError, RecipeError
from hpmkd.student import LinearModel, Student, add

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student import TreeEncoder, TreesModel
    from hpmkd.values import FloatArray, StageInputs
    from hpmkd_lightgbm.rows import Rows


@dataclass(frozen=True)
class Base:
    """The margins that the rows start from.

    Parameters
    ----------
    inputs : StageInputs
        Of the fit.
    margins : ndarray of shape (n + m, C)
        float32, of the rows that are fitted.
    held_margins : ndarray of shape (h, C)
        float32, of the rows that are held out, moved into the range of the others.
    """

    inputs: StageInputs
    margins: NDArray[np.float32]
    held_margins: NDArray[np.float32]

    @classmethod
    def under(cls, rows: Rows, target: FloatArray) -> Base:
        """Return where a fit starts, its mixed target given.

        Raises
        ------
        RecipeError
            The previous student is not linear.
        DataError
            Rows are held out, but not as the previous student encodes them.
        """
        inputs = rows.inputs
        start, n_held = inputs.start, 0 if inputs.held is None else len(inputs.held.labels)
        if start is None:
            margin = _log_prior(rows, target)
            return cls(inputs, _repeated(margin, len(target)), _repeated(margin, n_held))
        model = getattr(start.student, "model", None)
        if not isinstance(model, LinearModel):
            raise RecipeError(
                f"chain: {inputs.configuration.stage} can start only from the margins of a linear "
                'student; write after = "logistic"'
            )
        blocks = [start.matrix]
        if rows.extra is not None and start.extra_matrix is not None:
            blocks.append(start.extra_matrix)
        margins = model.margins(np.vstack(blocks)).astype(np.float32)
        held_rows = start.held_matrix if n_held else blocks[0][:0]
        if held_rows is None or len(held_rows) != n_held:
            raise DataError(
                f"{n_held} rows are held out, but not as the student to start from reads them: set "
                "Previous.held_matrix"
            )
        held = model.margins(held_rows).astype(np.float32)
        return cls(inputs, margins, np.clip(held, margins.min(axis=0), margins.max(axis=0)))

    @property
    def n_margins(self) -> int:
        """Margins of a row, C."""
        return int(self.margins.shape[1])

    @property
    def constant(self) -> FloatArray:
        """The margin of every row, of shape (C,): 0 on top of a linear student."""
        none = np.zeros(self.n_margins, dtype=np.float32)
        return self.margins[0] if self.inputs.start is None else none

    def student(self, trees: TreesModel) -> Student:
        """Return trees, packed with :attr:`constant`, and the margin under them."""
        inputs = self.inputs
        encoder = cast("TreeEncoder", inputs.encoder)  # what the encoding "tree" means
        if inputs.start is None:
            return Student(encoder, trees, inputs.classes)
        start = cast("Student", inputs.start.student)
        return add(start, trees, encoder, self.margins.min(axis=0), self.margins.max(axis=0))


def _log_prior(rows: Rows, target: FloatArray) -> NDArray[np.float32]:
    # One pseudo-row over all classes: one that no row has is rare, not impossible.
    n_classes = target.shape[1]
    prior = (rows.weights @ target + 1.0 / n_classes) / (rows.weights.sum() + 1.0)
    logits = np.log(prior)
    margin = logits[1:] - logits[:1] if n_classes == 2 else logits - logits.mean()
    return np.asarray(margin, dtype=np.float32)


def _repeated(margin: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    return np.repeat(margin[np.newaxis], count, axis=0)
