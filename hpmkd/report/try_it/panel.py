"""Parts of the panel: the student as a module, its controls, its prediction of a typical row."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import ExportWarning, HpmkdError
from hpmkd.report.render.figure import Absent
from hpmkd.report.render.format import clean
from hpmkd.report.try_it.controls import controls_of
from hpmkd.report.try_it.importance import importance
from hpmkd.runs.export import content, exporter_of

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor

#: The exporter that makes the module; it binds ``predictProba`` at its top.
EXPORTER = "js"


@dataclass(frozen=True)
class Panel:
    """The panel of a student.

    Parameters
    ----------
    module : str
        The student as an ES module.
    data : mapping
        What the script of the panel reads: ``controls``, the most important first; ``titles`` of
        the classes; ``expected`` probabilities of the row where the controls start.
    sketched : bool
        Whether that row is one of medians of the training rows.
    """

    module: str
    data: dict[str, Any]
    sketched: bool


def try_it(student: Predictor) -> Panel | Absent:
    """Return the panel of a student, or why there is none."""
    try:
        with warnings.catch_warnings():
            # Without Node.js here, the page itself compares its first answer.
            warnings.simplefilter("ignore", ExportWarning)
            module = content(exporter_of(EXPORTER), student).decode()
    except HpmkdError as error:
        return Absent("try", "Try it", f"There is no panel in this page: {error}.")
    known: Any = student  # what that exporter writes is one of ours
    pairs = controls_of(known)
    row = {control.name: control.start for control, _ in pairs}
    moved = importance(known, row, [cells for _, cells in pairs])
    return Panel(
        module,
        {
            "controls": [asdict(pairs[j][0]) for j in np.argsort(-moved, kind="stable")],
            "titles": [clean(label) for label in known.classes.tolist()],
            "expected": known.predict_proba([row])[0].tolist(),
        },
        known.sketch is not None,
    )
