"""The configuration of an ExperimentRunner, by the names of DeepBridge."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import click

from hpmkd.data.seeds import as_seed
from hpmkd.deepbridge.inputs import is_share
from hpmkd.deepbridge.methods import (
    Options,
    alphas_of,
    check_distillation_method,
    check_switch,
    temperatures_of,
)
from hpmkd.deepbridge.model_types import ModelType, stages_of
from hpmkd.errors import RecipeError, warn

#: DeepBridge's grid, which is that of the method ``standard``.
MODEL_TYPES = (
    ModelType.LOGISTIC_REGRESSION,
    ModelType.DECISION_TREE,
    ModelType.GBM,
    ModelType.XGB,
)
TEMPERATURES = (0.5, 1.0, 2.0, 3.0)
ALPHAS = (0.3, 0.5, 0.7, 0.9)
#: What a configuration is read by, DeepBridge's own one as well.
REQUIRED = ("output_dir", "test_size", "random_state", "model_types", "temperatures", "alphas")
#: Options by the attribute that holds them; what a configuration does not have keeps its default.
OPTIONS = {
    "n_trials": "n_trials",
    "validation_split": "validation_split",
    "max_configs": "max_configs",
    "parallel_workers": "parallel_workers",
    "use_cache": "use_cache",
    "progressive": "use_progressive",
    "multi_teacher": "use_multi_teacher",
}


class DistillationConfig:
    """What an :class:`~hpmkd.ExperimentRunner` runs, and how.

    ``model_types``, ``temperatures`` and ``alphas`` may be set, too. Unchanged they are the
    grid of the method ``standard``, and other methods use their own; once
    changed, they apply to every method.

    Parameters
    ----------
    output_dir : path or None
        Folder of the runs and of the results; None writes nothing, and nothing can be resumed.
    test_size : float
        Share of the rows to measure on, unless the data set is divided already.
    random_state : int
        The seed, unless the runner is given one.
    n_trials : int, optional
        Draws of hyperparameters per student family; by default that of the method.
    validation_split : float, optional
        Share of the training rows that choose; by default that of the method.
    verbose : bool
        Whether to print progress.
    distillation_method : {"knowledge_distillation", "surrogate"}, optional
        Makes no difference: students are always fitted to teacher and labels.
    use_hpm : bool
        Whether the method is ``hpm``, unless the runner is given one; else it is ``standard``.
    max_configs, parallel_workers, use_cache
        As in :class:`~hpmkd.AutoDistiller`.
    use_progressive, use_multi_teacher : bool
        Its `progressive` and `multi_teacher`.
    use_adaptive_temperature, cache_memory_gb : optional
        Make no difference, and warn: the recipe of the method decides both.
    use_memory : bool
        Whether a run learns from earlier ones on other data. Then it depends on their order.
    """

    def __init__(
        self,
        output_dir: str | os.PathLike[str] | None = "distillation_results",
        test_size: float = 0.2,
        random_state: int = 42,
        n_trials: int | None = None,
        validation_split: float | None = None,
        verbose: bool = True,
        distillation_method: str | None = None,
        use_hpm: bool = False,
        max_configs: int = 16,
        parallel_workers: int | None = None,
        use_cache: bool = True,
        use_progressive: bool = True,
        use_multi_teacher: bool = True,
        use_adaptive_temperature: bool | None = None,
        cache_memory_gb: float | None = None,
        *,
        use_memory: bool = False,
    ) -> None:
        check_distillation_method(distillation_method)
        _warn_of_no_effect(
            use_adaptive_temperature=use_adaptive_temperature, cache_memory_gb=cache_memory_gb
        )
        self.output_dir = output_dir
        self.test_size = test_size
        self.random_state = random_state
        self.n_trials = n_trials
        self.validation_split = validation_split
        self.verbose = verbose
        self.distillation_method = distillation_method
        self.use_hpm = use_hpm
        self.max_configs = max_configs
        self.parallel_workers = parallel_workers
        self.use_cache = use_cache
        self.use_progressive = use_progressive
        self.use_multi_teacher = use_multi_teacher
        self.use_memory = use_memory
        self.model_types: Iterable[Any] = [*MODEL_TYPES]
        self.temperatures: Iterable[float] = [*TEMPERATURES]
        self.alphas: Iterable[float] = [*ALPHAS]

    def customize(
        self,
        model_types: Iterable[Any] | None = None,
        temperatures: Iterable[float] | None = None,
        alphas: Iterable[float] | None = None,
        distillation_method: str | None = None,
    ) -> None:
        """Choose the configurations to try; None leaves a setting unchanged."""
        check_distillation_method(distillation_method)
        if model_types is not None:
            stages_of(model_types)
            self.model_types = model_types
        if temperatures is not None:
            self.temperatures = [*temperatures_of(temperatures)]
        if alphas is not None:
            self.alphas = [*alphas_of(alphas)]
        if distillation_method is not None:
            self.distillation_method = distillation_method

    def get_total_configurations(self) -> int:
        """Return how many configurations the grid has."""
        grid = stages_of(self.model_types), temperatures_of(self.temperatures)
        return len(grid[0]) * len(grid[1]) * len(alphas_of(self.alphas))

    def log_info(self, message: str) -> None:
        """Print a message if verbose."""
        if self.verbose:
            click.echo(message)


def options_of(config: Any) -> Options:
    """Return the options of a configuration, DeepBridge's own one as well.

    Raises
    ------
    RecipeError
        If it is not a configuration, or holds invalid values.
    """
    if missing := [name for name in REQUIRED if not hasattr(config, name)]:
        raise RecipeError(
            f"config: got {type(config).__name__}, which has no {', '.join(missing)}; expected a "
            "DistillationConfig: hpmkd.deepbridge.DistillationConfig(output_dir=…)"
        )
    if not is_share(config.test_size):
        raise RecipeError(f"test_size: got {config.test_size!r}; expected a share between 0 and 1")
    as_seed(config.random_state, "random_state")
    for name in ("verbose", "use_hpm"):
        check_switch(name, getattr(config, name, False))
    given = {name: getattr(config, own) for name, own in OPTIONS.items() if hasattr(config, own)}
    options = Options(**given, use_memory=getattr(config, "use_memory", False))
    return options.customized(**changed_grid(config))


def changed_grid(config: Any) -> dict[str, Any]:
    """Return the part of a configuration's grid for every method; None where unchanged."""
    model_types, temperatures, alphas = config.model_types, config.temperatures, config.alphas
    return {
        "model_types": None if stages_of(model_types) == stages_of(MODEL_TYPES) else model_types,
        "temperatures": None if temperatures_of(temperatures) == TEMPERATURES else temperatures,
        "alphas": None if alphas_of(alphas) == ALPHAS else alphas,
    }


def _warn_of_no_effect(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None:
            warn(
                f"{name}={value!r} makes no difference: the recipe of the method decides it; "
                "hpmkd.distill(…, settings={…}) takes other settings",
                UserWarning,
            )
