"""The teacher's own metrics, and its best student beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpmkd.data.labels import classes_of, codes_of
from hpmkd.deepbridge.metrics import Metrics, quality
from hpmkd.deepbridge.results import PARTS
from hpmkd.errors import RecipeError
from hpmkd.knowledge.teachers import FittedTeacher, align_fitted, as_teachers

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.deepbridge.dataset import DBDataset
    from hpmkd.deepbridge.division import Division
    from hpmkd.deepbridge.finished import Finished
    from hpmkd.values import FloatArray

#: By part of the rows.
Parts = dict[str, Metrics]
COMPARED = ("accuracy", "precision", "recall", "f1_score", "auc_roc", "auc_pr")


def original_metrics(dataset: DBDataset, rows: Division, finished: Finished | None) -> Parts:
    """Return the metrics of the teacher; empty for rows that it says nothing about.

    After a run, of whoever taught it; before, of the probabilities that were given, or of a
    fitted model.

    Raises
    ------
    RecipeError
        If the teacher is yet to be trained.
    """
    if finished is not None:
        # Where two runs were taught, the same teacher taught both.
        said, labels = finished.preferred.teacher, finished.preferred.labels
    else:
        classes = classes_of(rows.y_train)
        said = _said(dataset, rows)
        labels = {"train": codes_of(rows.y_train, classes), "test": codes_of(rows.y_test, classes)}
    return {
        part: {} if (known := said.get(part)) is None else quality(known, labels[part])
        for part in PARTS
    }


def compared(original: Parts, student: Mapping[str, Any]) -> pd.DataFrame:
    """Return teacher and student side by side.

    Parameters
    ----------
    original : mapping
        The teacher's metrics by part.
    student : mapping
        A row of the results.
    """
    import pandas as pd

    lines = []
    for part in PARTS:
        for metric in COMPARED:
            teacher, own = original[part].get(metric), student[f"{part}_{metric}"]
            difference = None if teacher is None else own - teacher
            lines.append((part, metric, teacher, own, difference))
    names = ["dataset", "metric", "original", "distilled", "difference"]
    return pd.DataFrame(lines, columns=names)


def _said(dataset: DBDataset, rows: Division) -> dict[str, FloatArray | None]:
    if rows.given_train is not None:
        return {"train": rows.given_train, "test": rows.given_test}
    (teacher,) = as_teachers(dataset.model) if dataset.model is not None else (None,)
    if not isinstance(teacher, FittedTeacher):
        raise RecipeError(
            "the teacher is trained by the run; type: distiller.run() before original_metrics()"
        )
    model = align_fitted(teacher, classes_of(rows.y_train))
    return {"train": model.predict_proba(rows.X_train), "test": model.predict_proba(rows.X_test)}
