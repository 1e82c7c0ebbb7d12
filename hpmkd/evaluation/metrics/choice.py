"""The metric that a recipe names, for the classes of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import RecipeError
from hpmkd.evaluation.metrics.of_all_rows import F1, Auc, AveragePrecision, OneVersusRest
from hpmkd.evaluation.metrics.per_row import Accuracy, Brier, Cost, LogLoss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.evaluation.metrics.metric import Metric
    from hpmkd.recipe.metric import MetricSettings
    from hpmkd.values import IntArray


def make_metric(settings: MetricSettings, classes: NDArray[Any], labels: IntArray) -> Metric:
    """Return the metric of a run.

    Parameters
    ----------
    settings : MetricSettings
        Its name, and its costs if it has any.
    classes : ndarray of shape (K,)
        The labels of the run, in the order of their codes.
    labels : ndarray of shape (n,)
        Class codes of the training rows: the rarer of two classes is the one of interest.

    Raises
    ------
    RecipeError
        If the costs are those of other classes.
    """
    if settings.name == Cost.name:
        return _cost(settings, classes)
    positive = rarer_class(labels) if len(classes) == 2 else None
    kind = metric_class(settings.name)
    return kind(positive) if issubclass(kind, OneVersusRest) else kind()


def metric_class(name: str) -> type[Metric]:
    """Return the class of a metric by its name: its title, and which way it points."""
    kinds = (LogLoss, Brier, Accuracy, Cost, Auc, AveragePrecision, F1)
    return next(each for each in kinds if each.name == name)


def rarer_class(labels: IntArray) -> int:
    """Return the code of the rarer of two classes; of equal ones the second."""
    first, second = np.bincount(labels, minlength=2)[:2]
    return int(second <= first)


def _cost(settings: MetricSettings, classes: NDArray[Any]) -> Cost:
    """Return the costs in the order of the run's classes, which are matched as text."""
    own = [str(label) for label in classes.tolist()]
    if sorted(own) != sorted(settings.classes):
        missing, unknown = {*own} - {*settings.classes}, {*settings.classes} - {*own}
        listed = "; ".join(
            f"{what} {', '.join(map(repr, sorted(names)))}"
            for what, names in (("it lacks", missing), ("there is no class", unknown))
            if names
        )
        raise RecipeError(
            f"metric: got costs of the classes {', '.join(map(repr, settings.classes))}; expected "
            f"those of the labels, {', '.join(map(repr, own))}: {listed}"
        )
    order = [settings.classes.index(label) for label in own]
    return Cost(tuple(tuple(settings.costs[i][j] for j in order) for i in order))
