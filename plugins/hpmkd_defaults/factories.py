"""Builds the default components that teach and learn: each is imported when a run asks for it.

The keyword-only parameters are the settings that a recipe may give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

if TYPE_CHECKING:
    from hpmkd.contracts import (
        Augmenter,
        Fuser,
        Sampler,
        Scheduler,
        Stage,
        TeacherPanel,
        Transfer,
    )
    from hpmkd.values import SearchSpace

Count = Annotated[int, Meta(ge=1)]
Several = Annotated[int, Meta(ge=2)]
Factor = Annotated[float, Meta(ge=1, le=10)]
Natural = Annotated[int, Meta(ge=0)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(gt=0, le=1)]
Temperature = Annotated[float, Meta(gt=0, le=100)]


def staged_sampler(
    space: SearchSpace,
    *,
    trials: Count = 4,
    more: Natural | None = None,
    tune_at: Probability = 0.5,
    subset_rows: Count = 10_000,
    whole: tuple[str, ...] = ("tree",),
) -> Sampler:
    """Build the search of hyperparameters, then alpha, then temperature."""
    from hpmkd_defaults.samplers.staged import StagedSampler

    return StagedSampler(
        space, trials=trials, more=more, tune_at=tune_at, subset_rows=subset_rows, whole=whole
    )


def adaptive_sampler(
    space: SearchSpace,
    *,
    initial: Count = 8,
    configs: Count = 16,
    trials: Count = 5,
    subset: Share = 0.3,
) -> Sampler:
    """Build the proposal's: `initial` tried, the `configs` most promising tuned in `trials`."""
    from hpmkd_defaults.samplers.adaptive import AdaptiveConfigurationManager

    return AdaptiveConfigurationManager(
        space, initial=initial, configs=configs, trials=trials, subset=subset
    )


def tpe_sampler(space: SearchSpace, *, trials: Count = 40) -> Sampler:
    """Build Optuna's TPE over everything at once, `trials` configurations in all."""
    from hpmkd_defaults.samplers.tpe import TPESearch

    return TPESearch(space, trials=trials)


def grid_sampler(space: SearchSpace, *, trials: Count = 4, hard: bool = True) -> Sampler:
    """Build the grid over `trials` draws per stage, at alpha = 0 as well if it is `hard`."""
    from hpmkd_defaults.samplers.grid import GridSampler

    return GridSampler(space, trials=trials, hard=hard)


def random_sampler(space: SearchSpace, *, trials: Count = 32) -> Sampler:
    """Build random search over `trials` configurations in all."""
    from hpmkd_defaults.samplers.random import RandomSearch

    return RandomSearch(space, trials=trials)


def logistic_stage(*, rows: Natural = 50_000) -> Stage:
    """Build the logistic stage, fitted on at most so many rows; 0 for all."""
    from hpmkd_defaults.stages.logistic import LogisticStage

    return LogisticStage(rows)


def tree_stage(*, rows: Natural = 200_000) -> Stage:
    """Build the stage of one tree, grown on at most so many rows; 0 for all."""
    from hpmkd_defaults.stages.tree import TreeStage

    return TreeStage(rows)


def gbm_stage(*, refit_rows: Natural = 50_000) -> Stage:
    """Build the stage of leaf-wise boosted trees."""
    from hpmkd_defaults.stages.boosting import GBMStage

    return GBMStage(refit_rows)


def xgboost_stage(*, refit_rows: Natural = 50_000) -> Stage:
    """Build the stage of level-wise boosted trees."""
    from hpmkd_defaults.stages.boosting import XGBoostStage

    return XGBoostStage(refit_rows)


def residual_transfer() -> Transfer:
    """Build the rule that boosts from the margins of the stage before."""
    from hpmkd_defaults.transfers.residual import Residual

    return Residual()


def assistant_transfer() -> Transfer:
    """Build the rule that lets a bigger student teach beside the teacher."""
    from hpmkd_defaults.transfers.assistant import Assistant

    return Assistant()


def mix_transfer(*, share: Share = 0.3) -> Transfer:
    """Build the rule that gives the stage before a `share` of the soft targets."""
    from hpmkd_defaults.transfers.mix import Mix

    return Mix(share=share)


def attention_fuser(
    *,
    gated: bool = True,
    rows: Natural = 20_000,
    near: Natural = 10_000,
    near_of_many: Natural = 4_000,
) -> Fuser:
    """Build the fuser with weights per row; ungated, it uses them even if they do not pay.

    It is fitted on at most `rows` rows, its weights on at most `near`; 0 for all.
    """
    from hpmkd_defaults.fusers.attention import AttentionWeightedMultiTeacher

    return AttentionWeightedMultiTeacher(gated, rows, near, near_of_many)


def calibrated_fuser() -> Fuser:
    """Build the calibrated fuser."""
    from hpmkd_defaults.fusers.calibrated import CalibratedFuser

    return CalibratedFuser()


def mean_fuser() -> Fuser:
    """Build the uniform mean."""
    from hpmkd_defaults.fusers.mean import MeanFuser

    return MeanFuser()


def pool_fuser() -> Fuser:
    """Build the mean of a linear and a log-linear pool."""
    from hpmkd_defaults.fusers.two_pools import PoolFuser

    return PoolFuser()


def constant_scheduler() -> Scheduler:
    """Build the constant scheduler."""
    from hpmkd_defaults.schedulers.constant import ConstantScheduler

    return ConstantScheduler()


def anneal_scheduler(*, temperature: Temperature = 2.0, stages: tuple[str, ...] = ()) -> Scheduler:
    """Build the schedule whose alpha falls to 0, for some stages or for all."""
    from hpmkd_defaults.schedulers.anneal import AnnealScheduler

    return AnnealScheduler(temperature=temperature, stages=stages)


def meta_scheduler(
    *, reach: Factor = 2.0, least_sets: Several = 3, least_outcomes: Count = 30
) -> Scheduler:
    """Build the schedule learned on other data; it moves alpha and T by `reach` at most."""
    from hpmkd_defaults.schedulers.meta import MetaTemperatureScheduler

    return MetaTemperatureScheduler(
        reach=reach, least_sets=least_sets, least_outcomes=least_outcomes
    )


def default_panel(
    *,
    rows_per_tree: Natural = 50_000,
    linear_rows: Natural = 20_000,
    network_rows: Natural = 4_000_000,
    refit_until: Natural = 100_000,
    few_above: Natural = 200_000,
) -> TeacherPanel:
    """Build the full panel; 0 for no cap. See :class:`DefaultPanel`."""
    from hpmkd_defaults.teachers.panel import DefaultPanel

    return DefaultPanel(rows_per_tree, linear_rows, network_rows, refit_until, few_above)


def quick_panel() -> TeacherPanel:
    """Build the panel of one boosted model."""
    from hpmkd_defaults.teachers.panel import QuickPanel

    return QuickPanel()


def munge(*, p: Probability = 0.5, s: Positive = 1.0, pool: Natural = 4000) -> Augmenter:
    """Build munge: each cell is moved with probability `p`, with noise of a width of 1 / `s`.

    Neighbours are looked for among at most `pool` rows; 0 for all.
    """
    from hpmkd_defaults.augmenters.munge import Munge

    return Munge(p=p, s=s, pool=pool)


def mixup(*, a: Positive = 1.0) -> Augmenter:
    """Build mixup with shares from Beta(a, a)."""
    from hpmkd_defaults.augmenters.mixup import Mixup

    return Mixup(a=a)


def no_rows() -> Augmenter:
    """Build the augmenter that makes nothing."""
    from hpmkd_defaults.augmenters.none import NoRows

    return NoRows()
