"""Requests to a student in MLflow, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import hpmkd
from hpmkd.student import example_row

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from numpy.typing import NDArray

#: The only parameter of ``predict``, and what it may be: the first by default.
OUTPUT, OUTPUTS = "output", ("both", "label", "probabilities")
#: The column of labels; those of probabilities are ``probability_`` and the label.
LABEL = "label"

_COLUMN_TYPES = {"number": "double", "category": "string", "datetime": "datetime"}
_LABEL_TYPES = {"U": "string", "i": "long", "f": "double", "b": "boolean"}


def probability_names(student: hpmkd.Student) -> list[str]:
    """Return the K columns of probabilities, in the order of the classes."""
    return [f"probability_{label}" for label in student.classes.tolist()]


class StudentModel:
    """A student behind MLflow's ``predict``.

    Parameters
    ----------
    student : hpmkd.Student
        Of K classes.
    """

    def __init__(self, student: hpmkd.Student) -> None:
        self.student = student

    def get_raw_model(self) -> hpmkd.Student:
        """Return the student, as MLflow's ``unwrap_python_model`` and others expect."""
        return self.student

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Predict raw rows.

        Parameters
        ----------
        model_input : DataFrame, ndarray of shape (n, d), mapping or list
            As for :meth:`hpmkd.Student.predict_proba`.
        params : mapping, optional
            ``{"output": …}``, one of :data:`OUTPUTS`.

        Returns
        -------
        DataFrame of shape (n, 1 + K), ndarray of shape (n,) or of shape (n, K)
            Labels and probabilities, with the index of a frame; labels; probabilities.

        Raises
        ------
        MlflowException
            The rows are not those of the student, or there is no such output: an
            ``INVALID_PARAMETER_VALUE``, which MLflow's server answers by the status 400.
        """
        wanted = (params or {}).get(OUTPUT, OUTPUTS[0])
        if wanted not in OUTPUTS:
            raise _invalid(f"got the output {wanted!r}, expected one of {', '.join(OUTPUTS)}")
        try:
            probabilities = self.student.predict_proba(_rows(model_input))
        except hpmkd.DataError as error:
            raise _invalid(str(error)) from error
        if wanted == "probabilities":
            return probabilities
        labels = self.student.classes[probabilities.argmax(axis=1)]
        return labels if wanted == "label" else self._frame(model_input, labels, probabilities)

    def _frame(self, rows: Any, labels: NDArray[Any], probabilities: NDArray[Any]) -> Any:
        import pandas as pd

        index = rows.index if isinstance(rows, pd.DataFrame) else None
        frame = pd.DataFrame(probabilities, index, probability_names(self.student))
        frame.insert(0, LABEL, labels)
        return frame


def signature_of(student: hpmkd.Student, *, typed: bool = False) -> ModelSignature:
    """Return MLflow's signature of a student: its rows and its answers.

    Parameters
    ----------
    student : hpmkd.Student
    typed : bool
        Whether the columns of the schema are declared, as double, string and datetime, as Unity
        Catalog demands. MLflow then refuses what it cannot convert without loss, such as a column
        of int64, of truth values or of pandas categories for which the student has a number or a
        category, although the student reads it. By default columns are not declared, and it is
        the student that reads the rows and reports what is wrong with them.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    inputs = None
    if typed:
        schema = student.encoder.schema
        # Columns without names of their own are matched by position.
        inputs = Schema(
            [
                ColSpec(DataType[_COLUMN_TYPES[each.kind]], each.name if schema.named else None)
                for each in schema.columns
            ]
        )
    label = ColSpec(DataType[_LABEL_TYPES[student.classes.dtype.kind]], LABEL)
    shares = [ColSpec(DataType.double, name) for name in probability_names(student)]
    params = ParamSchema([ParamSpec(OUTPUT, DataType.string, OUTPUTS[0])])
    return ModelSignature(inputs, Schema([label, *shares]), params)


def example_of(student: hpmkd.Student) -> Any:
    """Return a frame of one row that a student answers, moments as such."""
    import pandas as pd

    row, columns = example_row(student), student.encoder.schema.columns
    moments = {each.name for each in columns if each.kind == "datetime"}
    return pd.DataFrame([row]).assign(**{name: pd.Timestamp(row[name]) for name in moments})


def _rows(model_input: Any) -> Any:
    """Return rows as they were sent.

    Of `instances` MLflow's server makes columns, and of cells of several kinds objects, each an
    array without axes.
    """
    import numpy as np

    def plain(cells: Any) -> Any:
        if not isinstance(cells, np.ndarray) or cells.dtype != object:
            return cells
        return [cell.item() if isinstance(cell, np.ndarray) else cell for cell in cells]

    if not isinstance(model_input, Mapping):
        return model_input
    return {name: plain(cells) for name, cells in model_input.items()}


def _invalid(message: str) -> Exception:
    from mlflow.exceptions import MlflowException

    error: Exception = MlflowException.invalid_parameter_value(message)
    return error
