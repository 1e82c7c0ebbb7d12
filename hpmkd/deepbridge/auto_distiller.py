"""AutoDistiller: DeepBridge's way in, on the engine of hpmkd."""

from __future__ import annotations

import os
from collections.abc import Iterable
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.api import distill
from hpmkd.data.seeds import as_seed
from hpmkd.deepbridge.division import check_division
from hpmkd.deepbridge.findings import Findings
from hpmkd.deepbridge.finished import Finished
from hpmkd.deepbridge.foreign import adopted
from hpmkd.deepbridge.methods import (
    NAMES,
    Grid,
    Options,
    check_distillation_method,
    check_switch,
    recipe_for,
    recipes_of,
)
from hpmkd.deepbridge.progress import Teller
from hpmkd.deepbridge.results import DistillationOutcome
from hpmkd.deepbridge.writing import as_path, check_file, write
from hpmkd.knowledge.teachers import GivenTeacher
from hpmkd.runs.folder import check_free

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Cache
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.runs.result import Distillation


#: Beside the run folders.
TABLE = "distillation_results.csv"


class AutoDistiller(Findings):
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
    use_memory : bool
        Whether ``hpm`` begins with what runs on other data taught, and leaves what it learned.
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
        use_memory: bool = True,
        progressive: bool = True,
        multi_teacher: bool = True,
    ) -> None:
        self._recipes = recipes_of(method)
        self.random_state: int = as_seed(random_state, "random_state")
        check_division(test_size)
        check_switch("verbose", verbose)
        self.verbose: bool = verbose
        folder = None if output_dir is None else as_path(output_dir, "output_dir")
        self._options: Options = Options(
            n_trials=n_trials,
            validation_split=validation_split,
            max_configs=max_configs,
            parallel_workers=parallel_workers,
            use_cache=use_cache,
            use_memory=use_memory,
            progressive=progressive,
            multi_teacher=multi_teacher,
        )
        # Last, for from now on the data set shows its parts by this division.
        rows = adopted(dataset)
        super().__init__(rows, rows.divided(test_size, self.random_state), method, folder)
        self._grid: Grid = Grid()
        self._cache: Cache | None = None

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
        if self.output_dir is not None:
            # Before any work is done.
            for name in self._recipes:
                folder = self.output_dir / NAMES[name]
                check_free(folder, overwrite=True, cure="choose another output_dir")
            check_file(self.output_dir / TABLE)
        teller = Teller() if self.verbose or verbose_output else None
        teacher = self._teacher(use_probabilities)
        outcomes = []
        for name in self._recipes:
            recipe = recipe_for(name, self._options, self._grid)
            found = self._distilled(recipe, teacher, teller)
            most = self._options.max_configs if name == "hpm" else None
            outcomes.append(DistillationOutcome(NAMES[name], found, self.division, most))
        self._finished = Finished(outcomes)
        if teller is not None:
            teller.say(self.generate_summary())
        if self.output_dir is not None:
            self._write(self.output_dir)
        results = self.results_df
        # DeepBridge's frame has it, too; pandas would warn of an attribute that is no column.
        # A copy of the distiller stays with this run whatever comes later.
        object.__setattr__(results, "best_model", copy(self).best_model)
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
        content = self.results_df.to_csv(index=False, sep=";").encode("utf-8")
        write(folder / TABLE, content, "output_dir")
        for outcome in self._results.outcomes:
            outcome.found.save(folder / outcome.method, overwrite=True)


def _cache_of(recipe: Recipe) -> Cache:
    from hpmkd.recipe.resolve import resolve
    from hpmkd.registry.registry import Registry

    cache: Cache = resolve(recipe, Registry.installed()).cache.create()
    return cache
