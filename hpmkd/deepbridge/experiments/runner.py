"""ExperimentRunner: methods on data sets with seeds, resumable, in one table."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpmkd.data.csv_cells import escape_cells
from hpmkd.deepbridge.auto_distiller import AutoDistiller
from hpmkd.deepbridge.experiments import report
from hpmkd.deepbridge.experiments.config import DistillationConfig, changed_grid, options_of
from hpmkd.deepbridge.experiments.plan import datasets_of, methods_of, runs_of, seeds_of
from hpmkd.deepbridge.experiments.results import ExperimentResults
from hpmkd.deepbridge.experiments.run import teacher_digest
from hpmkd.deepbridge.methods import (
    Options,
    check_distillation_method,
    check_switch,
    recipe_for,
    recipes_of,
)
from hpmkd.deepbridge.model_types import name_of, stage_of
from hpmkd.deepbridge.report import TABLE, as_path, write
from hpmkd.errors import RecipeError, RunFolderError, warn

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Predictor
    from hpmkd.deepbridge.experiments.run import ExperimentRun

#: Beside DeepBridge's table of configurations: a line for each run.
RUNS_TABLE = "experiment_runs.csv"
#: Options that an AutoDistiller is given apart from the others.
GRID = ("stages", "temperatures", "alphas")


class ExperimentRunner:
    """Runs methods on data sets with seeds, and records the results and the cost of each run.

    With one data set and a configuration it is DeepBridge's: a run of the method ``standard``.
    A finished run is not done again, and a stopped one is resumed, in a folder of
    its own below ``config.output_dir``.

    Parameters
    ----------
    dataset : DBDataset, or mapping of str to DBDataset
        Of hpmkd, or DeepBridge's own.
    config : DistillationConfig, optional
        Of hpmkd, or DeepBridge's own.
    methods : str or iterable of str, optional
        Of those of :class:`~hpmkd.AutoDistiller`, each a run of its own; by default ``standard``,
        or ``hpm`` if ``config.use_hpm``.
    seeds : int or iterable of int, optional
        Each divides the rows again, unless they are divided, and is the source of all randomness;
        by default ``config.random_state``.

    Raises
    ------
    HpmkdError
        The message gives what was got and what was expected.

    Examples
    --------
    >>> from hpmkd.deepbridge import DBDataset, DistillationConfig, ExperimentRunner
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> config = DistillationConfig(output_dir=None, n_trials=1, verbose=False)
    >>> config.customize(model_types=["DECISION_TREE"], temperatures=[1.0], alphas=[0.5])
    >>> wine = DBDataset(*load_wine(return_X_y=True), model=GaussianNB())
    >>> runner = ExperimentRunner({"wine": wine}, config, seeds=[0, 1])
    >>> len(runner.run_experiments()), len(runner.runs_df)
    (2, 2)
    """

    def __init__(
        self,
        dataset: Any,
        config: Any = None,
        *,
        methods: str | Iterable[str] | None = None,
        seeds: int | Iterable[int] | None = None,
    ) -> None:
        self.dataset = dataset
        self.config = DistillationConfig() if config is None else config
        self._datasets = datasets_of(dataset)
        self._methods = None if methods is None else methods_of(methods)
        self._seeds = None if seeds is None else seeds_of(seeds)
        self._teachers: dict[tuple[str, bool], str | None] = {}
        # What cannot be is refused now; the configuration may change until it is run.
        options_of(self.config)
        self._state = ExperimentResults(self._runs())

    # ------------------------------------------------------------------------------- its runs

    def run_experiments(
        self,
        use_probabilities: bool = True,
        distillation_method: str = "knowledge_distillation",
    ) -> pd.DataFrame:
        """Run all unfinished runs, and return a row for each configuration of all runs.

        Ctrl-C ends it; the next call, also of another process, resumes it. A run that
        fails does not end the others: its row gives the error, and the next call tries it again.

        Parameters
        ----------
        use_probabilities : bool
            As of :meth:`AutoDistiller.run`.
        distillation_method : {"knowledge_distillation", "surrogate"}
            Makes no difference: students are always fitted to teacher and labels.

        Raises
        ------
        RunFolderError
            If a folder holds something else than the run, or cannot be written. Finished results
            stay.
        """
        check_switch("use_probabilities", use_probabilities)
        check_distillation_method(distillation_method)
        options, runs = options_of(self.config), self._runs()
        state = ExperimentResults(runs, bool(use_probabilities), distillation_method)
        # All of them before any work is done: a folder may hold another experiment.
        self._read_finished(state, options)
        self._state = state
        left = [run for run in runs if run not in state.finished]
        self._log(f"runs: {len(runs)}, of which {len(runs) - len(left)} finished before")
        for at, run in enumerate(left, 1):
            self._log(f"[{at} of {len(left)}] {run}{': resumed' if run.begun else ''}")
            self._perform(run, options)
        if state.failed:
            warn(
                f"{len(state.failed)} of {len(runs)} runs failed: their rows say why (error), and "
                "the next run_experiments() tries them again",
                UserWarning,
            )
        return self.results_df

    def _runs(self) -> list[ExperimentRun]:
        """Return all runs, as the configuration is now."""
        config = self.config
        default = "hpm" if getattr(config, "use_hpm", False) else "standard"
        folder = None if config.output_dir is None else as_path(config.output_dir, "output_dir")
        seeds = self._seeds or (int(config.random_state),)
        return runs_of(self._datasets, self._methods or (default,), seeds, folder)

    def _read_finished(self, state: ExperimentResults, options: Options) -> None:
        for run in state.runs:
            try:
                distiller = self._distiller(run, options)
            except Exception:  # it fails in its turn, and its row has the error
                continue
            (recipe,) = recipes_of(run.method)
            teacher = self._teacher(run, state.use_probabilities)
            result = run.finished(distiller, recipe_for(recipe, options), teacher)
            if result is not None:
                state.finished[run] = result

    def _perform(self, run: ExperimentRun, options: Options) -> None:
        state = self._state
        try:
            distiller = self._distiller(run, options)
            teacher = self._teacher(run, state.use_probabilities)
            result = run.perform(distiller, state.use_probabilities, teacher)
        except KeyboardInterrupt:
            if run.begun:
                self._log(f"{run} was stopped; the next run_experiments() resumes it")
            raise
        except RunFolderError as error:
            # Of the folder, and not of this run alone.
            raise RunFolderError(
                f"{run}: {error}; what {run.folder} holds may be removed"
            ) from error
        except Exception as error:
            state.failed[run] = f"{type(error).__name__}: {error}"
            self._log(f"{run} failed: {error}")
        else:
            state.finished[run] = result
            found = result.summary
            self._log(
                f"{run}: {found['shipped']}, accuracy {found['test_accuracy']:.4f}, log loss "
                f"{found['test_log_loss']:.4f}; {found['verdict']}"
            )

    def _distiller(self, run: ExperimentRun, options: Options) -> AutoDistiller:
        given = {name: value for name, value in asdict(options).items() if name not in GRID}
        distiller = AutoDistiller(
            self._datasets[run.dataset],
            output_dir=None,
            test_size=self.config.test_size,
            random_state=run.seed,
            verbose=bool(getattr(self.config, "verbose", False)),
            method=run.method,
            **given,
        )
        distiller.customize_config(**changed_grid(self.config))
        return distiller

    def _teacher(self, run: ExperimentRun, use_probabilities: bool) -> str | None:
        key = (run.dataset, use_probabilities)
        if key not in self._teachers:  # once, whatever its calls do to it
            self._teachers[key] = teacher_digest(self._datasets[run.dataset], use_probabilities)
        return self._teachers[key]

    def _log(self, message: str) -> None:
        if getattr(self.config, "verbose", False):
            click.echo(message)

    # ---------------------------------------------------------------------------- its results

    @property
    def results(self) -> list[dict[str, Any]]:
        """A mapping for each configuration; for a failed run, one with its error."""
        state = self._state
        return state.records() if state.finished or state.failed else []

    @property
    def results_df(self) -> pd.DataFrame:
        """The same as a frame, as :meth:`run_experiments` returned it."""
        return self._state.configurations

    @property
    def runs_df(self) -> pd.DataFrame:
        """A row for each run: the shipped student, its test results, the cost.

        ``cpu_seconds`` is the processor time of all its processes; it is unknown of a run that was
        resumed. A failed run has an ``error``.
        """
        return self._state.summaries

    def get_trained_model(
        self,
        model_type: Any,
        temperature: float,
        alpha: float,
        distillation_method: str = "knowledge_distillation",
        *,
        dataset: str | None = None,
        method: str | None = None,
        seed: int | None = None,
    ) -> Predictor:
        """Return the student of a configuration, fitted on all training rows.

        One that is not a row of the results is fitted for the call: by the method of the run, with
        this configuration as its whole grid.

        Parameters
        ----------
        model_type, temperature, alpha, distillation_method
            As of :meth:`AutoDistiller.get_trained_model`.
        dataset, method, seed : optional
            Of which run, where there are several.

        Raises
        ------
        RecipeError
            If several runs are meant, or none.
        """
        check_distillation_method(distillation_method)
        run = self._state.one_run({"dataset": dataset, "method": method, "seed": seed})
        result = self._state.finished.get(run)
        name = name_of(stage_of(model_type))
        if result is not None and (at := result.best_of(name, temperature, alpha)) is not None:
            return result.student(at)
        distiller = self._distiller(run, options_of(self.config))
        distiller.customize_config([model_type], [temperature], [alpha])
        distiller.run(self._state.use_probabilities)
        return distiller.get_trained_model(model_type, temperature, alpha)

    # ---------------------------------------------------------------------------------- files

    def save_results(self) -> None:
        """Write both tables to the output folder, their cells apart by semicolons."""
        folder = self._folder()
        for name, frame in ((TABLE, self.results_df), (RUNS_TABLE, self.runs_df)):
            content = escape_cells(frame).to_csv(index=False, sep=";").encode("utf-8")
            self._log(f"Results saved to {write(folder / name, content, 'output_dir')}")

    def generate_report(
        self,
        output_path: str | os.PathLike[str] | None = None,
        report_type: str = "interactive",
    ) -> str:
        """Write all results as one HTML page, and return its path.

        Parameters
        ----------
        output_path : path, optional
            By default experiment_report_TYPE.html in the output folder.
        report_type : {"interactive", "static"}
            Whether a click on a heading sorts the table.

        Raises
        ------
        RunFolderError
            If the file cannot be written.
        """
        page = report.page(self.runs_df, self.results_df, report_type)
        if output_path is None:
            path = self._folder() / f"experiment_report_{report_type}.html"
        else:
            path = as_path(output_path, "output_path")
        return write(path, page.encode("utf-8"), "output_path")

    def _folder(self) -> Path:
        if self.config.output_dir is None:
            raise RecipeError("output_dir: got None; expected a folder to write the results to")
        return as_path(self.config.output_dir, "output_dir")
