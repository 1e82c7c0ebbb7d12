"""Results of an experiment so far: its configurations, and its runs, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpmkd.deepbridge.results import COLUMNS, METRICS
from hpmkd.errors import RecipeError

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.deepbridge.experiments.run import ExperimentResult, ExperimentRun

#: Of the student that a run ships, on the test rows.
QUALITY = ("test_accuracy", "test_macro_f1", "test_auc_roc", "test_log_loss")
CLOSENESS = ("retention", "kl_divergence")
COUNTS = (
    *("bytes", "models_trained", "models_refitted"),
    *("teacher_fits", "teacher_calls", "cache_hits", "resumed"),
)
SOFTENING = ("temperature", "alpha", "extra_weight")
TIMES = ("cpu_seconds", "seconds")
RUN_COLUMNS = (
    *("dataset", "method", "seed", "shipped"),
    *(*SOFTENING, *QUALITY, *CLOSENESS, COUNTS[0], *TIMES, *COUNTS[1:]),
    *("regime", "verdict", "error", "folder"),
)


@dataclass(eq=False)
class ExperimentResults:
    """Runs in their order, and the results of finished ones.

    Parameters
    ----------
    runs : sequence of ExperimentRun
        All of them.
    use_probabilities, distillation_method
        As they were run.
    """

    runs: Sequence[ExperimentRun]
    use_probabilities: bool = True
    distillation_method: str = "knowledge_distillation"
    finished: dict[ExperimentRun, ExperimentResult] = field(default_factory=dict)
    #: Why the others failed.
    failed: dict[ExperimentRun, str] = field(default_factory=dict)

    def records(self) -> list[dict[str, Any]]:
        """Return a mapping for each configuration, and for each run that failed."""
        found = []
        for run in self._made():
            if run in self.failed:
                rows: list[dict[str, Any]] = [{"error": self.failed[run]}]
            else:
                how = {"distillation_method": self.distillation_method}
                rows = [{**row, **how} for row in self.finished[run].rows]
            found += [{**row, **run.names} for row in rows]
        return found

    @property
    def configurations(self) -> pd.DataFrame:
        """The same as a frame: DeepBridge's columns, then ours.

        As in DeepBridge there is a column ``error`` only if something failed.
        """
        import pandas as pd

        frame = pd.DataFrame(self.records())
        first = ("model_type", "temperature", "alpha", "distillation_method")
        names = [*dict.fromkeys((*first, *COLUMNS, "dataset", "seed"))]
        columns = [*names, *(["error"] if self.failed else [])]
        numbers = dict.fromkeys((*SOFTENING, *METRICS), float)
        return frame.reindex(columns=columns).astype(numbers)

    @property
    def summaries(self) -> pd.DataFrame:
        """A row for each run; unknown values of a failed one are missing."""
        import pandas as pd

        frame = pd.DataFrame([*map(self._summary, self._made())], columns=list(RUN_COLUMNS))
        numbers = dict.fromkeys((*SOFTENING, *QUALITY, *CLOSENESS, *TIMES), float)
        return frame.astype({**numbers, **dict.fromkeys(COUNTS, "Int64")})

    def _summary(self, run: ExperimentRun) -> dict[str, Any]:
        known = self.finished[run].summary if run in self.finished else {}
        folder = None if run.folder is None else str(run.folder)
        return {**run.names, **known, "error": self.failed.get(run), "folder": folder}

    def _made(self) -> Iterator[ExperimentRun]:
        if not self.finished and not self.failed:
            raise RecipeError("there are no results yet; type: runner.run_experiments()")
        return (run for run in self.runs if run in self.finished or run in self.failed)

    def one_run(self, wanted: Mapping[str, Any]) -> ExperimentRun:
        """Return the run of this data set, method and seed; None matches any.

        Raises
        ------
        RecipeError
            If there is none, or there are several.
        """
        named = {name: value for name, value in wanted.items() if value is not None}
        found = [run for run in self.runs if named.items() <= run.names.items()]
        if len(found) != 1:
            got = ", ".join(f"{name}={value!r}" for name, value in named.items()) or "none named"
            raise RecipeError(
                f"which run: got {got}; expected dataset=, method= and seed= of one of: "
                f"{'; '.join(map(str, found or self.runs))}"
            )
        return found[0]
