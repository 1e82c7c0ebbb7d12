"""AutoDistiller: DeepBridge's way in, on the engine of hpmkd."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.api import distill
from hpmkd.deepbridge import report
from hpmkd.deepbridge.comparison import compared, original_metrics
from hpmkd.deepbridge.foreign import adopted
from hpmkd.deepbridge.methods import (
    NAMES,
    Grid,
    Options,
    check_distillation_method,
    is_share,
    recipe_for,
    recipes_of,
)
from hpmkd.deepbridge.metrics import SMALL_IS_GOOD
from hpmkd.deepbridge.model_types import as_model_type, name_of, stage_of
from hpmkd.deepbridge.results import Outcome, Row, to_frame
from hpmkd.deepbridge.telling import Teller, counted
from hpmkd.errors import RecipeError
from hpmkd.teachers import GivenTeacher

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Cache, Predictor
    from hpmkd.deepbridge.comparison import Parts
    from hpmkd.deepbridge.dataset import Division
    from hpmkd.distillation import Distillation
    from hpmkd.recipe import Recipe


class AutoDistiller:
    """Distils a data set's teacher into small students, and tells how each of them does.

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
        Draws of hyperparameters per student family; by default as the method has it.
    validation_split : float, optional
        Share of the training rows that choose; by default as the method has it.
    verbose : bool
        Whether to print how the run gets on.
    method : {"auto", "hpm", "standard", "legacy", "hybrid"}
        ``hpm`` is the recipe of that name, and what ``auto`` means; ``standard`` the full grid,
        which DeepBridge calls ``legacy``; ``hybrid`` runs both on the same rows.
    max_configs : int
        Rows that ``hpm`` gives, at most.
    parallel_workers : int, optional
        Worker processes; by default none.
    use_cache : bool
        Whether what the teachers said is kept, also for another :meth:`run`.
    progressive : bool
        Whether stages may build on each other (``hpm``).
    multi_teacher : bool
        Whether a panel of teachers stands in where there is none, and the best students are
        fused, too (``hpm``); otherwise a single boosted model stands in.

    Raises
    ------
    HpmkdError
        Saying what was got and what was expected.

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
        progressive: bool = True,
        multi_teacher: bool = True,
    ) -> None:
        self.dataset = adopted(dataset)
        self.method, self._recipes = method, recipes_of(method)
        self.output_dir = None if output_dir is None else Path(output_dir)
        self.verbose = verbose
        if not is_share(test_size):
            raise RecipeError(f"test_size: got {test_size!r}; expected a share between 0 and 1")
        if isinstance(random_state, bool) or not isinstance(random_state, int) or random_state < 0:
            raise RecipeError(
                f"random_state: got {random_state!r}; expected an integer of 0 or more"
            )
        self.random_state = random_state
        self.division: Division = self.dataset.divided(test_size, random_state)
        self._options = Options(
            n_trials=n_trials,
            validation_split=validation_split,
            max_configs=max_configs,
            parallel_workers=parallel_workers,
            use_cache=use_cache,
            progressive=progressive,
            multi_teacher=multi_teacher,
        )
        self._grid = Grid()
        self._cache: Cache | None = None
        self._outcomes: list[Outcome] = []
        self._rows: list[Row] = []
        self._frame: pd.DataFrame | None = None

    # -------------------------------------------------------------------------------- a run

    def customize_config(
        self,
        model_types: Iterable[Any] | None = None,
        temperatures: Iterable[float] | None = None,
        alphas: Iterable[float] | None = None,
        distillation_method: str | None = None,
    ) -> None:
        """Say which configurations the next run tries; what is None stays as it is.

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
        self._grid = self._grid.customized(model_types, temperatures, alphas)

    def run(self, use_probabilities: bool = True, verbose_output: bool = False) -> pd.DataFrame:
        """Distil, and return one row per configuration.

        Parameters
        ----------
        use_probabilities : bool
            Whether the data set's probabilities are the teacher. If not, or if there are none,
            its model is; if there is none either, teachers of our own are trained.
        verbose_output : bool
            Print how the run gets on, whatever `verbose` is.

        Returns
        -------
        DataFrame
            Family, temperature and alpha of each configuration, its metrics on training and
            test rows, and its best hyperparameters by the selection rows, which are part of
            the training rows. Nothing in a run looks at the test rows to choose.
        """
        teller = Teller() if self.verbose or verbose_output else None
        teacher = self._teacher(use_probabilities)
        outcomes = []
        for name in self._recipes:
            recipe = recipe_for(name, self._options, self._grid)
            found = self._distilled(recipe, teacher, teller)
            most = self._options.max_configs if name == "hpm" else None
            outcomes.append(Outcome(NAMES[name], found, self.division, most))
        rows = [row for outcome in outcomes for row in outcome.rows]
        self._outcomes, self._rows, self._frame = outcomes, rows, to_frame(rows)
        if teller is not None:
            teller.say(self.generate_summary())
        if self.output_dir is not None:
            self._write(self.output_dir)
        results = self._frame.copy()
        with suppress(AttributeError):  # DeepBridge hangs it onto its frame
            object.__setattr__(results, "best_model", self.best_model)
        return results

    def _distilled(self, recipe: Recipe, teacher: Any, teller: Teller | None) -> Distillation:
        rows = self.division
        if self._options.use_cache and self._cache is None:
            self._cache = _cache_of(recipe)
        return distill(
            rows.X_train,
            rows.y_train,
            teacher=teacher,
            X_test=rows.X_test,
            y_test=rows.y_test,
            recipe=recipe,
            seed=self.random_state,
            observers=() if teller is None else (teller,),
            cache=self._cache,
        )

    def _teacher(self, use_probabilities: bool) -> Any:
        rows = self.division
        if use_probabilities and rows.given_train is not None:
            return GivenTeacher("given", rows.given_train, rows.given_test)
        return self.dataset.model

    def _write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        frame = self.results_df
        frame.to_csv(folder / "distillation_results.csv", index=False, sep=";")
        for outcome in self._outcomes:
            outcome.found.save(folder / outcome.method, overwrite=True)

    # ------------------------------------------------------------------------- what it found

    @property
    def results_df(self) -> pd.DataFrame:
        """The frame that :meth:`run` returned."""
        if self._frame is None:
            raise RecipeError("there are no results yet; type: distiller.run()")
        return self._frame.copy()

    @property
    def distillation(self) -> Distillation:
        """The run: verdict, leaderboard, gates; of two, that which the selection rows prefer."""
        return min(self._finished(), key=_selection_log_loss).found

    @property
    def counts(self) -> Mapping[str, Any]:
        """What it cost: models trained, with those refitted for rows, and calls of teachers."""
        return counted(self._finished())

    def find_best_model(
        self, metric: str = "test_accuracy", minimize: bool = False
    ) -> dict[str, Any]:
        """Return the row that is best by a metric, its model type as a :class:`ModelType`."""
        at = self._best(metric, minimize)
        found: dict[str, Any] = self.results_df.loc[at].to_dict()
        return {**found, "model_type": as_model_type(found["model_type"])}

    def best_model(self, metric: str = "test_accuracy", minimize: bool = False) -> Predictor:
        """Return the student that is best by a metric.

        Parameters
        ----------
        metric : str
            A column of the results; without train_ or test_, of the test rows. Whoever
            chooses by test rows should not quote the winner's score on them as what to expect;
            ``selection_log_loss``, to be minimised, is what a run itself chooses by.
        minimize : bool
            Whether a small value is good.
        """
        return self._rows[self._best(metric, minimize)].student

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
        grid = Grid().customized([model_type], [temperature], [alpha])
        assert grid.temperatures is not None and grid.alphas is not None
        cell = (stage_of(model_type), grid.temperatures[0], grid.alphas[0])
        found = [
            (outcome, trial)
            for outcome in self._finished()
            if (trial := outcome.nearest(cell)) is not None
        ]
        if not found:
            known = ", ".join(
                sorted({name_of(row.trial.configuration.stage) for row in self._rows})
            )
            raise RecipeError(f"model type {name_of(cell[0])!r} was not in the run; it had {known}")
        outcome, trial = min(found, key=lambda each: each[1].log_loss)
        wanted = replace(trial.configuration, temperature=cell[1], alpha=cell[2])
        return outcome.student(
            wanted if wanted.key != trial.configuration.key else trial.configuration
        )

    def save_best_model(
        self,
        metric: str = "test_accuracy",
        minimize: bool = False,
        file_path: str | os.PathLike[str] = "best_distilled_model.hpmkd",
    ) -> str:
        """Write the best student to a ``.hpmkd`` file, and return its path.

        ``hpmkd.Student.load`` reads it; ``hpmkd predict`` does. It is no pickle: another
        ending is replaced, with a warning.
        """
        path = Path(file_path)
        if path.suffix != ".hpmkd":
            path = path.with_suffix(".hpmkd")
            warnings.warn(
                f"file_path: got {os.fspath(file_path)!r}; students are no pickles, so it is "
                f"written to {path}: hpmkd.Student.load({str(path)!r})",
                UserWarning,
                stacklevel=2,
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.best_model(metric, minimize).to_bytes())
        return str(path)

    def original_metrics(self) -> Parts:
        """Return the metrics of the teacher on training and test rows.

        Teachers that a run trained are judged out of fold on the training rows.
        """
        return original_metrics(self.dataset, self.division, self._outcomes)

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
        """
        name = f"distillation_report_{report_type}.html"
        path = Path(output_path) if output_path else (self.output_dir or Path()) / name
        page = report.page(self, report_type)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, "utf-8")
        return str(path)

    def generate_summary(self) -> str:
        """Return what came of it in a few lines of text."""
        return report.summary(self)

    def _finished(self) -> list[Outcome]:
        if not self._outcomes:
            raise RecipeError("there are no results yet; type: distiller.run()")
        return self._outcomes

    def _best(self, metric: str, minimize: bool) -> int:
        frame = self.results_df
        if metric not in frame.columns:
            metric = f"test_{metric}"
        if metric not in frame.columns or frame[metric].dtype.kind != "f":
            known = ", ".join(name for name in frame.columns if name.startswith("test_"))
            raise RecipeError(
                f"metric: got {metric.removeprefix('test_')!r}; expected one of {known}, or the "
                "same with train_"
            )
        values = frame[metric].dropna()
        if values.empty:
            raise RecipeError(
                f"metric: {metric} is not known: the teacher said nothing about these"
            )
        if not minimize and metric.endswith(SMALL_IS_GOOD):
            warnings.warn(
                f"{metric} is the better the smaller it is; got minimize=False, which returns the "
                "worst: minimize=True",
                UserWarning,
                stacklevel=3,
            )
        return int(values.idxmin() if minimize else values.idxmax())


def _selection_log_loss(outcome: Outcome) -> float:
    return min(trial.log_loss for trial in outcome.found.racing)


def _cache_of(recipe: Recipe) -> Cache:
    from hpmkd.components import resolve
    from hpmkd.registry import Registry

    cache: Cache = resolve(recipe, Registry.installed()).cache.create()
    return cache
