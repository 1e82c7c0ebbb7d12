"""What an AutoDistiller tells once it has run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.deepbridge import report
from hpmkd.deepbridge.comparison import compared, original_metrics
from hpmkd.deepbridge.methods import check_distillation_method
from hpmkd.deepbridge.progress import counted
from hpmkd.deepbridge.writing import as_path, write
from hpmkd.errors import RecipeError
from hpmkd.knowledge.loading import PICKLES

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Predictor
    from hpmkd.deepbridge.comparison import Parts
    from hpmkd.deepbridge.dataset import DBDataset
    from hpmkd.deepbridge.division import Division
    from hpmkd.deepbridge.finished import Finished
    from hpmkd.runs.result import Distillation


class Findings:
    """Results, the best of them, and reports of them.

    Parameters
    ----------
    dataset : DBDataset
        What was distilled.
    division : Division
        Its rows.
    method : str
        How.
    output_dir : Path or None
        Where reports go.
    """

    def __init__(
        self, dataset: DBDataset, division: Division, method: str, output_dir: Path | None
    ) -> None:
        self.dataset, self.division = dataset, division
        self.method, self.output_dir = method, output_dir
        self._finished: Finished | None = None

    @property
    def results_df(self) -> pd.DataFrame:
        """The frame that :meth:`run` returned."""
        return self._results.frame.copy()

    @property
    def distillation(self) -> Distillation:
        """The run: verdict, leaderboard, gates; of two, that which the selection rows prefer."""
        return self._results.preferred.found

    @property
    def counts(self) -> Mapping[str, Any]:
        """What it cost: models trained, with those refitted for rows, and calls of teachers."""
        return counted(self._results.outcomes)

    def find_best_model(
        self, metric: str = "test_accuracy", minimize: bool = False
    ) -> dict[str, Any]:
        """Return the row that is best by a metric, its model type as a :class:`ModelType`."""
        return self._results.best(metric, minimize=minimize)[1]

    def best_model(self, metric: str = "test_accuracy", minimize: bool = False) -> Predictor:
        """Return the student that is best by a metric.

        Parameters
        ----------
        metric : str
            A column of the results; without train_ or test_, of the test rows. Whoever
            chooses by test rows should not quote the winner's score on them as what to expect;
            ``selection_log_loss``, to be minimised, is what a run itself chooses by.
        minimize : bool
            Whether a small value is good. Of equal rows the selection rows choose.
        """
        return self._results.best(metric, minimize=minimize)[0].student

    def get_trained_model(
        self,
        model_type: Any,
        temperature: float,
        alpha: float,
        distillation_method: str | None = None,
    ) -> Predictor:
        """Return the student of a configuration, fitted on all training rows.

        One that was not evaluated is fitted with the best hyperparameters of its family.

        Raises
        ------
        RecipeError
            If the family was not in the run.
        """
        check_distillation_method(distillation_method)
        return self._results.trained(model_type, temperature, alpha)

    def save_best_model(
        self,
        metric: str = "test_accuracy",
        minimize: bool = False,
        file_path: str | os.PathLike[str] = "best_distilled_model.hpmkd",
    ) -> str:
        """Write the best student to a ``.hpmkd`` file, and return its path.

        ``hpmkd.Student.load`` reads it; ``hpmkd predict`` does. It is no pickle: the ending of
        one is replaced, and any other name gets ``.hpmkd`` behind it, with a warning.

        Raises
        ------
        RunFolderError
            If the file cannot be written.
        """
        path = as_path(file_path, "file_path")
        if path.suffix != ".hpmkd":
            stem = path.stem if path.suffix in PICKLES else path.name
            path = path.with_name(f"{stem}.hpmkd")
            warnings.warn(
                f"file_path: got {os.fspath(file_path)!r}; students are no pickles, so it is "
                f"written to {path}: hpmkd.Student.load({str(path)!r})",
                UserWarning,
                stacklevel=2,
            )
        return write(path, self.best_model(metric, minimize).to_bytes(), "file_path")

    def original_metrics(self) -> Parts:
        """Return the metrics of the teacher on training and test rows.

        Teachers that a run trained are judged out of fold on the training rows.
        """
        return original_metrics(self.dataset, self.division, self._finished)

    def compare_models(
        self, best_metric: str = "test_accuracy", minimize: bool = False
    ) -> pd.DataFrame:
        """Return teacher and best student side by side: one row per part and metric."""
        return compared(self.original_metrics(), self.find_best_model(best_metric, minimize))

    def generate_report(
        self,
        output_path: str | os.PathLike[str] | None = None,
        report_type: str = "interactive",
    ) -> str:
        """Write the results as one HTML page, and return its path.

        Parameters
        ----------
        output_path : path, optional
            By default distillation_report_TYPE.html in the output folder.
        report_type : {"interactive", "static"}
            Whether a click on a heading sorts the table.

        Raises
        ------
        RunFolderError
            If the file cannot be written.
        """
        if output_path is None:
            path = (self.output_dir or Path()) / f"distillation_report_{report_type}.html"
        else:
            path = as_path(output_path, "output_path")
        return write(path, report.page(self, report_type).encode("utf-8"), "output_path")

    def generate_summary(self) -> str:
        """Return what came of it in a few lines of text."""
        return report.summary(self)

    @property
    def _results(self) -> Finished:
        if self._finished is None:
            raise RecipeError("there are no results yet; type: distiller.run()")
        return self._finished
