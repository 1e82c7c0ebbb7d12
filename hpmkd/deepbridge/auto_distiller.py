"""AutoDistiller: DeepBridge's interface to the engine of hpmkd."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpmkd.api import distill
from hpmkd.data.seeds import as_seed
from hpmkd.deepbridge import report
from hpmkd.deepbridge.dataset import as_dataset, check_division
from hpmkd.deepbridge.fallback import run_each
from hpmkd.deepbridge.methods import (
    FALL_BACK,
    NAMES,
    STANDARD,
    Options,
    check_distillation_method,
    check_switch,
    most_rows,
    recipe_for,
    recipes_of,
)
from hpmkd.deepbridge.metrics import Metrics
from hpmkd.deepbridge.outcome import DistillationOutcome
from hpmkd.deepbridge.report import ProgressPrinter, as_path, write
from hpmkd.deepbridge.results import Results
from hpmkd.errors import RecipeError
from hpmkd.knowledge.teachers import GivenTeacher
from hpmkd.recipe.resolve import resolve
from hpmkd.registry.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Cache, Predictor
    from hpmkd.runs.result import Distillation


class AutoDistiller:
    """Distils a data set's teacher into small students, and reports the results of each.

    Parameters
    ----------
    dataset : DBDataset
        Of hpmkd, or DeepBridge's own.
    output_dir : path or None
        Folder that :meth:`run` writes the results to; None writes nothing.
    test_size : float
        Share of the rows to measure on, unless the data set is divided already.
    random_state : int
        Non-negative; source of all randomness.
    n_trials : int, optional
        Draws of hyperparameters per student family; by default that of the method.
    validation_split : float, optional
        Share of the training rows that choose; by default that of the method.
    verbose : bool
        Whether to print progress.
    method : {"auto", "hpm", "proposal", "standard", "legacy", "hybrid"}
        ``hpm`` and ``proposal`` are the recipes of these names, and ``auto`` means ``hpm``;
        ``standard`` is the full grid, which DeepBridge calls ``legacy``; ``hybrid`` runs it and
        ``hpm`` on the same rows.
    max_configs : int
        Configurations that ``proposal`` tunes, or rows that ``hpm`` gives, at most.
    parallel_workers : int, optional
        Worker processes; by default none.
    use_cache : bool
        Whether the teachers' predictions are cached, also for another :meth:`run`.
    use_memory : bool
        Whether ``hpm`` starts from earlier runs on other data, and remembers this one.
    progressive : bool
        Whether stages may build on each other (``hpm``).
    multi_teacher : bool
        Whether a panel of teachers replaces a missing one, and the best students are
        fused, too (``hpm``); otherwise a single boosted model replaces it.
    fallback : bool, optional
        Whether ``standard`` runs, with a warning, if a method fails or none of its students keeps
        the limits; by default in ``auto`` alone. Errors of data, teacher, arguments or
        the machine are raised in any case.
    limits : mapping, optional
        Limits that every student of the results keeps, as in :func:`hpmkd.distill`: ``max_size``,
        ``max_latency``, ``min_retention``.

    Raises
    ------
    HpmkdError
        The message gives what was got and what was expected.

    Examples
    --------
    >>> import hpmkd
    >>> from sklearn.datasets import load_wine
    >>> dataset = hpmkd.DBDataset(*load_wine(return_X_y=True))
    >>> distiller = hpmkd.AutoDistiller(dataset, method="hpm", output_dir=None)
    >>> distiller.customize_config(model_types=["LOGISTIC_REGRESSION"])
    >>> results = distiller.run()
    >>> distiller.best_model(metric="test_accuracy").predict(dataset.X[:1]).shape
    (1,)
    """

    def __init__(
        self,
        dataset: Any,
        output_dir: str | os.PathLike[str] | None = "distillation_results",
        test_size: float = 0.2,
        random_state: int = 42,
        n_trials: int | None = None,
        validation_split: float | None = None,
        verbose: bool = False,
        method: str = "auto",
        *,
        max_configs: int = 16,
        parallel_workers: int | None = None,
        use_cache: bool = True,
        use_memory: bool = True,
        progressive: bool = True,
        multi_teacher: bool = True,
        fallback: bool | None = None,
        limits: Mapping[str, Any] | None = None,
    ) -> None:
        self._recipes = recipes_of(method)
        self.method = method
        if fallback is not None:
            check_switch("fallback", fallback)
        self.fallback = method in FALL_BACK if fallback is None else bool(fallback)
        self.random_state: int = as_seed(random_state, "random_state")
        check_division(test_size)
        check_switch("verbose", verbose)
        self.verbose: bool = verbose
        self.output_dir = None if output_dir is None else as_path(output_dir, "output_dir")
        self._options = Options(
            n_trials=n_trials,
            validation_split=validation_split,
            max_configs=max_configs,
            parallel_workers=parallel_workers,
            use_cache=use_cache,
            use_memory=use_memory,
            progressive=progressive,
            multi_teacher=multi_teacher,
            limits=limits,
        )
        self.dataset = as_dataset(dataset)
        # Last, for from now on the data set shows its parts by this division.
        self.division = self.dataset.divided(test_size, self.random_state)
        self._cache: Cache | None = None
        self._finished: Results | None = None

    # -------------------------------------------------------------------------------- a run

    def customize_config(
        self,
        model_types: Iterable[Any] | None = None,
        temperatures: Iterable[float] | None = None,
        alphas: Iterable[float] | None = None,
        distillation_method: str | None = None,
    ) -> None:
        """Choose the configurations that the next run tries; None leaves a setting unchanged.

        Parameters
        ----------
        model_types : iterable of ModelType or str, optional
            Student families.
        temperatures : iterable of float, optional
            > 0.
        alphas : iterable of float, optional
            Weights of the teacher, in [0, 1]. ``hpm`` tries 0, hard labels, in any case.
        distillation_method : {"knowledge_distillation", "surrogate"}, optional
            Makes no difference: students are always fitted to teacher and labels.
        """
        check_distillation_method(distillation_method)
        self._options = self._options.customized(model_types, temperatures, alphas)

    def run(
        self,
        use_probabilities: bool = True,
        verbose_output: bool = False,
        *,
        journal: str | os.PathLike[str] | None = None,
    ) -> pd.DataFrame:
        """Distil, and return one row per configuration.

        Parameters
        ----------
        use_probabilities : bool
            Whether the data set's probabilities are the teacher. If not, or if there are none,
            its model is; if there is none either, the run trains teachers.
        verbose_output : bool
            Print progress, whatever `verbose` is.
        journal : path, optional
            Folder in which each run, in a folder of its method's name, stores results as
            soon as they are finished. The same call resumes a stopped run; ``distillation.save`` of
            the complete run replaces it.

        Returns
        -------
        DataFrame
            Family, temperature and alpha of each configuration, its metrics on training and
            test rows, and its best hyperparameters by the selection rows, which are part of
            the training rows. No choice in a run uses the test rows.
        """
        if self.output_dir is not None:
            # Before any work is done.
            possible = {*self._recipes, *([STANDARD] if self.fallback else [])}
            report.check_output(self.output_dir, [NAMES[name] for name in sorted(possible)])
        printer = ProgressPrinter() if self.verbose or verbose_output else None
        distil = partial(
            self._distil, use_probabilities=use_probabilities, printer=printer, journal=journal
        )
        runs, failed = run_each(self._recipes, distil, fall_back=self.fallback)
        outcomes = [
            DistillationOutcome(
                NAMES[name], found, self.division, most_rows(found.recipe, self._options)
            )
            for name, found in runs.items()
        ]
        self._finished = Results(outcomes, failed)
        if printer is not None:
            click.echo(self.generate_summary())
        if self.output_dir is not None:
            report.write_results(self.output_dir, self._finished)
        results = self.results_df
        # DeepBridge's frame has it, too; pandas would warn of an attribute that is no column.
        # A copy of the distiller stays with this run whatever comes later.
        object.__setattr__(results, "best_model", copy(self).best_model)
        return results

    def _distil(
        self,
        name: str,
        use_probabilities: bool,
        printer: ProgressPrinter | None,
        journal: str | os.PathLike[str] | None = None,
    ) -> Distillation:
        recipe, rows = recipe_for(name, self._options), self.division
        if self._options.use_cache and self._cache is None:
            self._cache = resolve(recipe, Registry.installed()).cache.create()
        teacher = self.dataset.model
        if use_probabilities and rows.given_train is not None:
            teacher = GivenTeacher("given", rows.given_train, rows.given_test)
        return distill(
            rows.X_train,
            rows.y_train,
            teacher=teacher,
            X_test=rows.X_test,
            y_test=rows.y_test,
            recipe=recipe,
            seed=self.random_state,
            observers=() if printer is None else (printer,),
            cache=self._cache,
            journal=None if journal is None else as_path(journal, "journal") / NAMES[name],
            progress=False,  # it prints its own
        )

    # -------------------------------------------------------------------------- its results

    @property
    def _results(self) -> Results:
        if self._finished is None:
            raise RecipeError("there are no results yet; type: distiller.run()")
        return self._finished

    @property
    def results_df(self) -> pd.DataFrame:
        """The frame that :meth:`run` returned."""
        return self._results.frame.copy()

    @property
    def distillation(self) -> Distillation:
        """The run: verdict, leaderboard, gates; of two, the one that the selection rows prefer."""
        return self._results.preferred.found

    @property
    def counts(self) -> Mapping[str, Any]:
        """The cost: models trained, with those refitted for rows, and calls of teachers."""
        return self._results.counts

    @property
    def failures(self) -> Sequence[str]:
        """Why methods failed that another method replaced; empty if none did."""
        return [str(each) for each in self._results.failed]

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
            A column of the results; without train_ or test_, of the test rows. After a choice
            by test rows, the winner's score on them is not an estimate of what to expect;
            a run itself chooses by ``selection_log_loss``, to be minimised.
        minimize : bool
            Whether a small value is good. Of equal rows the selection rows choose.
        """
        return self._results.best(metric, minimize=minimize)[0]

    def get_trained_model(
        self,
        model_type: Any,
        temperature: float,
        alpha: float,
        distillation_method: str | None = None,
        extra_weight: float | None = None,
    ) -> Predictor:
        """Return the student of a configuration, fitted on all training rows.

        One that was not evaluated is fitted with the best hyperparameters of its family. Without
        an `extra_weight` (of rows without labels) it is the best of all; at alpha = 0 that of hard
        labels alone.

        Raises
        ------
        RecipeError
            If the family was not in the run.
        """
        check_distillation_method(distillation_method)
        return self._results.trained(model_type, temperature, alpha, extra_weight)

    def save_best_model(
        self,
        metric: str = "test_accuracy",
        minimize: bool = False,
        file_path: str | os.PathLike[str] = "best_distilled_model.hpmkd",
    ) -> str:
        """Write the best student to a ``.hpmkd`` file, and return its path.

        ``hpmkd.Student.load`` reads it; ``hpmkd predict`` does. It is not a pickle: the ending of
        one is replaced, and any other name gets ``.hpmkd`` behind it, with a warning.

        Raises
        ------
        RunFolderError
            If the file cannot be written.
        """
        path = report.student_path(file_path)
        return write(path, self.best_model(metric, minimize).to_bytes(), "file_path")

    def original_metrics(self) -> dict[str, Metrics]:
        """Return the metrics of the teacher on training and test rows.

        Teachers that a run trained are judged out of fold on the training rows.
        """
        return report.original_metrics(self.dataset, self.division, self._finished)

    def compare_models(
        self, best_metric: str = "test_accuracy", minimize: bool = False
    ) -> pd.DataFrame:
        """Return teacher and best student side by side: one row per part and metric."""
        return report.compare(self.original_metrics(), self.find_best_model(best_metric, minimize))

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
        """Return cost, verdict and the best students in a few lines of text."""
        return report.summary(self)
