"""The metrics by which students are chosen and judged.

All have one interface, :class:`~hpmkd.evaluation.metrics.metric.Metric`: less is better, and each
row has a value whose mean is the loss, so that paired tests work with any of them.
"""

from hpmkd.evaluation.metrics.choice import make_metric, metric_class
from hpmkd.evaluation.metrics.metric import Metric
from hpmkd.evaluation.metrics.per_row import LOG_LOSS

__all__ = ["LOG_LOSS", "Metric", "make_metric", "metric_class"]
