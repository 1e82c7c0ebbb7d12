"""The results of an AutoDistiller: a row per configuration, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpmkd.deepbridge.dataset import PARTS
from hpmkd.deepbridge.methods import alphas_of, temperatures_of
from hpmkd.deepbridge.metrics import FIDELITY, QUALITY, SMALL_IS_GOOD
from hpmkd.deepbridge.model_types import as_model_type, name_of, stage_of
from hpmkd.errors import RecipeError, warn
from hpmkd.evaluation.ranking import NO_LIMITS
from hpmkd.training.ensemble import ENSEMBLE

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Predictor
    from hpmkd.deepbridge.fallback import FailedRun
    from hpmkd.deepbridge.outcome import DistillationOutcome, Row

#: The columns that a best row may be chosen by.
METRICS = (
    *(f"{part}_{metric}" for metric in (*QUALITY, *FIDELITY) for part in PARTS),
    "selection_log_loss",
)
CELL = ("model_type", "temperature", "alpha", "extra_weight")
COLUMNS = (*CELL, *METRICS[:-1], "best_params", "selection_log_loss", "method")


@dataclass(frozen=True, eq=False)
class Results:
    """The runs of a method: one, or the two of ``hybrid``; and those that failed."""

    outcomes: Sequence[DistillationOutcome]
    failed: Sequence[FailedRun] = ()

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of all of them."""
        return [row for outcome in self.outcomes for row in outcome.rows]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same as DeepBridge's frame, numbered in their order."""
        import pandas as pd

        records = [record for outcome in self.outcomes for record in outcome.records()]
        return pd.DataFrame(records, columns=list(COLUMNS))

    @property
    def preferred(self) -> DistillationOutcome:
        """The run whose best student the selection rows prefer."""
        return min(
            self.outcomes,
            key=lambda outcome: min(NO_LIMITS.sort_key(trial) for trial, _ in outcome.rows),
        )

    @property
    def counts(self) -> Mapping[str, Any]:
        """What the runs cost together; ``models_refitted`` were trained for rows and since.

        A run that failed counts where it came to its end, and only its students broke a limit.
        """
        found = [outcome.found for outcome in self.outcomes]
        found += [each.found for each in self.failed if each.found is not None]
        runs = [each.counts for each in found]
        trained = sum(each.models_trained for each in found)
        return {
            "models_trained": trained,
            "models_refitted": trained - sum(run["models_trained"] for run in runs),
            **{
                name: sum(run[name] for run in runs)
                for name in ("teacher_fits", "teacher_calls", "cache_hits")
            },
            "seconds": round(sum(run["seconds"]["total"] for run in runs), 3),
        }

    def best(self, metric: str, *, minimize: bool) -> tuple[Predictor, dict[str, Any]]:
        """Return the student that is best by a metric, and its row.

        Of equal rows it is that of the lowest log loss on the selection rows.
        """
        frame = self.frame
        column = metric if metric in METRICS else f"test_{metric}"
        if column not in METRICS:
            names = ", ".join(name for name in METRICS if not name.startswith("train_"))
            raise RecipeError(
                f"metric: got {metric!r}; expected one of {names}, or the same with train_"
            )
        values, losses = frame[column], frame["selection_log_loss"]
        known = frame.index[values.notna()]
        if known.empty:
            raise RecipeError(
                f"metric: {column} is not known: there are no teacher probabilities for these rows"
            )
        if not minimize and column.endswith(SMALL_IS_GOOD):
            warn(
                f"a smaller {column} is better; got minimize=False, which gives the worst: use "
                "minimize=True",
                UserWarning,
            )
        at = min(known, key=lambda row: (values[row] if minimize else -values[row], losses[row]))
        # As records, numbers are Python's own.
        (record,) = frame.loc[[at]].to_dict("records")
        row: dict[str, Any] = {str(name): value for name, value in record.items()}
        return self.rows[at][1], {**row, "model_type": as_model_type(row["model_type"])}

    def trained(
        self, model_type: Any, temperature: float, alpha: float, extra_weight: float | None = None
    ) -> Predictor:
        """Return the student of a configuration; of several, by the selection rows the best."""
        stage = stage_of(model_type)
        pools = [each.pooled for each in self.outcomes if each.pooled is not None]
        if stage == ENSEMBLE and pools:
            return min(pools, key=lambda each: NO_LIMITS.sort_key(each.trial)).student
        (temperature,), (alpha,) = temperatures_of([temperature]), alphas_of([alpha])
        found = [
            (outcome, trial)
            for outcome in self.outcomes
            if (trial := outcome.nearest(stage, temperature, alpha, extra_weight)) is not None
        ]
        if not found:
            tried = [trial for outcome in self.outcomes for trial in outcome.candidates]
            had = ", ".join(sorted({name_of(trial.configuration.stage) for trial in tried}))
            raise RecipeError(f"model type {name_of(stage)!r} was not in the run, which had {had}")
        outcome, trial = min(found, key=lambda each: NO_LIMITS.sort_key(each[1]))
        if extra_weight is None:
            extra_weight = trial.configuration.extra_weight if alpha > 0 else 0.0
        softening = replace(trial.configuration, temperature=temperature, alpha=alpha)
        return outcome.student(replace(softening, extra_weight=extra_weight))
