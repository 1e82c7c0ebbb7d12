"""What an AutoDistiller has once it has run: rows, their students, and which is best."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpmkd.deepbridge.methods import alphas_of, temperatures_of
from hpmkd.deepbridge.metrics import SMALL_IS_GOOD
from hpmkd.deepbridge.model_types import as_model_type, name_of, stage_of
from hpmkd.deepbridge.results import METRICS, DistillationOutcome, Row, to_frame
from hpmkd.errors import RecipeError
from hpmkd.evaluation.ranking import NO_LIMITS

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Predictor


@dataclass(frozen=True, eq=False)
class Finished:
    """The runs of a method.

    Parameters
    ----------
    outcomes : sequence of DistillationOutcome
        One, or the two of ``hybrid``.
    """

    outcomes: Sequence[DistillationOutcome]

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of all of them."""
        return [row for outcome in self.outcomes for row in outcome.rows]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same as DeepBridge's frame, numbered in their order."""
        return to_frame(self.rows)

    @property
    def preferred(self) -> DistillationOutcome:
        """The run whose best student the selection rows prefer."""
        return min(
            self.outcomes, key=lambda outcome: min(map(NO_LIMITS.sort_key, outcome.candidates))
        )

    def best(self, metric: str, *, minimize: bool) -> tuple[Row, dict[str, Any]]:
        """Return the row that is best by a metric, also as a mapping.

        Of equal rows it is that of the lowest log loss on the selection rows.

        Raises
        ------
        RecipeError
            If there is no such metric, or nobody knows it.
        """
        frame = self.frame
        column = metric if metric in METRICS else f"test_{metric}"
        if column not in METRICS:
            names = ", ".join(name for name in METRICS if not name.startswith("train_"))
            raise RecipeError(
                f"metric: got {metric!r}; expected one of {names}, or the same with train_"
            )
        values = frame[column].to_numpy()
        known = [at for at, value in enumerate(values) if value == value]
        if not known:
            raise RecipeError(
                f"metric: {column} is not known, for the teacher says nothing about these rows"
            )
        if not minimize and column.endswith(SMALL_IS_GOOD):
            warnings.warn(
                f"{column} is the better the smaller it is; got minimize=False, which gives the "
                "worst: minimize=True",
                UserWarning,
                stacklevel=4,
            )
        lost = frame["selection_log_loss"].to_numpy()
        at = min(known, key=lambda row: (values[row] if minimize else -values[row], lost[row]))
        # As records, numbers are Python's own.
        (record,) = frame.iloc[[at]].to_dict("records")
        row: dict[str, Any] = {str(name): value for name, value in record.items()}
        return self.rows[at], {**row, "model_type": as_model_type(row["model_type"])}

    def trained(self, model_type: Any, temperature: float, alpha: float) -> Predictor:
        """Return the student of a configuration; of several, by the selection rows the best.

        Raises
        ------
        RecipeError
            If the family was not in the run.
        """
        stage = stage_of(model_type)
        (temperature,), (alpha,) = temperatures_of([temperature]), alphas_of([alpha])
        found = [
            (outcome, trial)
            for outcome in self.outcomes
            if (trial := outcome.nearest((stage, temperature, alpha))) is not None
        ]
        if not found:
            had = ", ".join(sorted({name_of(row.trial.configuration.stage) for row in self.rows}))
            raise RecipeError(f"model type {name_of(stage)!r} was not in the run, which had {had}")
        outcome, trial = min(found, key=lambda each: NO_LIMITS.sort_key(each[1]))
        return outcome.student(replace(trial.configuration, temperature=temperature, alpha=alpha))
