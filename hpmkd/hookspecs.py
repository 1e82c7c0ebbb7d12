"""The hooks of hpmkd: read top to bottom, this is what a plugin can do.

A plugin is a module (or object) named by an entry point of the group ``hpmkd``::

    [project.entry-points.hpmkd]
    my-plugin = "my_package.plugin"

Three kinds of hook, told apart by their grammar: plural nouns *offer* and never act,
participles *observe* and return nothing, ``hpmkd_commands`` *extends* the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from hpmkd.contracts import (
        Augmenter,
        Cache,
        Executor,
        Exporter,
        Fuser,
        Memory,
        Predictor,
        Sampler,
        Scheduler,
        Stage,
        TeacherPanel,
        Transfer,
    )
    from hpmkd.values import DataFacts, Offer, Trial

PROJECT = "hpmkd"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

#: Offer hook of each kind of component, and the contract that what it offers fulfils.
OFFER_HOOKS: Mapping[str, str] = {
    "sampler": "hpmkd_samplers",
    "stage": "hpmkd_stages",
    "transfer": "hpmkd_transfers",
    "fuser": "hpmkd_fusers",
    "scheduler": "hpmkd_schedulers",
    "memory": "hpmkd_memories",
    "cache": "hpmkd_caches",
    "teacher": "hpmkd_teachers",
    "augmenter": "hpmkd_augmenters",
    "executor": "hpmkd_executors",
    "exporter": "hpmkd_exporters",
}

# ---------------------------------------------------------------------------- offer


@hookspec
def hpmkd_samplers() -> Iterable[Offer[Sampler]]:  # type: ignore[empty-body]
    """Offer ways to choose which configurations are tried.

    The factory takes the search space first, then the recipe's settings::

        @hookimpl
        def hpmkd_samplers():
            return [Offer("halton", HaltonSampler, "low-discrepancy draws")]
    """


@hookspec
def hpmkd_stages() -> Iterable[Offer[Stage]]:  # type: ignore[empty-body]
    """Offer student families.

    ::

        @hookimpl
        def hpmkd_stages():
            return [Offer("naive_bayes", NaiveBayesStage, "Gaussian naive Bayes on soft counts")]
    """


@hookspec
def hpmkd_transfers() -> Iterable[Offer[Transfer]]:  # type: ignore[empty-body]
    """Offer rules by which a stage builds on the stage before it in the chain.

    ::

        @hookimpl
        def hpmkd_transfers():
            return [Offer("sharpen", Sharpen, "targets where both agree")]
    """


@hookspec
def hpmkd_fusers() -> Iterable[Offer[Fuser]]:  # type: ignore[empty-body]
    """Offer ways to fuse many teachers into one soft target.

    ::

        @hookimpl
        def hpmkd_fusers():
            return [Offer("median", MedianFuser, "the median teacher, renormalised")]
    """


@hookspec
def hpmkd_schedulers() -> Iterable[Offer[Scheduler]]:  # type: ignore[empty-body]
    """Offer ways to move temperature and alpha during training.

    ::

        @hookimpl
        def hpmkd_schedulers():
            return [Offer("linear", LinearScheduler, "alpha falls linearly to 0")]
    """


@hookspec
def hpmkd_memories() -> Iterable[Offer[Memory]]:  # type: ignore[empty-body]
    """Offer stores of what was learned about configurations, from run to run.

    ::

        @hookimpl
        def hpmkd_memories():
            return [Offer("team", TeamMemory, "shared by everyone in the office")]
    """


@hookspec
def hpmkd_caches() -> Iterable[Offer[Cache]]:  # type: ignore[empty-body]
    """Offer places to keep arrays that are expensive to compute.

    ::

        @hookimpl
        def hpmkd_caches():
            return [Offer("redis", RedisCache, "shared between machines")]
    """


@hookspec
def hpmkd_teachers() -> Iterable[Offer[TeacherPanel]]:  # type: ignore[empty-body]
    """Offer named panels of teachers: what ``--teacher NAME`` means.

    ::

        @hookimpl
        def hpmkd_teachers():
            return [Offer("forests", ForestPanel, "random forest and extra trees")]
    """


@hookspec
def hpmkd_augmenters() -> Iterable[Offer[Augmenter]]:  # type: ignore[empty-body]
    """Offer ways to make new rows for the teachers to label.

    ::

        @hookimpl
        def hpmkd_augmenters():
            return [Offer("bootstrap", Bootstrap, "rows drawn with replacement")]
    """


@hookspec
def hpmkd_executors() -> Iterable[Offer[Executor]]:  # type: ignore[empty-body]
    """Offer places to run independent tasks.

    ::

        @hookimpl
        def hpmkd_executors():
            return [Offer("cluster", ClusterExecutor, "many machines")]
    """


@hookspec
def hpmkd_exporters() -> Iterable[Offer[Exporter]]:  # type: ignore[empty-body]
    """Offer file formats for students.

    ::

        @hookimpl
        def hpmkd_exporters():
            return [Offer("sql", SqlExporter, "a CASE expression")]
    """


# -------------------------------------------------------------------------- observe
#
# Observers are called in the thread of the run, one after the other. One that raises is reported
# with a warning, is not called again, and changes no result.


@hookspec
def hpmkd_run_started(facts: DataFacts, recipe: Mapping[str, Any]) -> None:
    """Called when a run starts; `recipe` is the whole recipe as plain values.

    ::

        @hookimpl
        def hpmkd_run_started(facts, recipe):
            log.info("distilling %d rows", facts.n_rows)
    """


@hookspec
def hpmkd_phase_advanced(phase: str, done: int, total: int) -> None:
    """Called when a phase advances.

    In their order: "teachers", "search", "chain", "refit", "collapse", "controls", "front",
    "measure"; a run skips those that it does not need. Called with ``done = 0`` when the
    phase starts. `total` is what is expected: a search may take fewer trials, or more, and ends
    with as many as there were::

        @hookimpl
        def hpmkd_phase_advanced(phase, done, total):
            bar.update(phase, done / total)
    """


@hookspec
def hpmkd_work_advanced(
    job: str, done: int, total: int, busy: int, workers: int, seconds_left: float | None
) -> None:
    """Called when tasks of a batch ("fold", "trial", "student", "answers") start or finish.

    `busy` of all `workers` run one now; `seconds_left` is the expected time to the end of the
    batch, None as long as it is unknown::

        @hookimpl
        def hpmkd_work_advanced(job, busy, workers):
            gauge.set(busy / workers)
    """


@hookspec
def hpmkd_noted(note: str) -> None:
    """Called with a decision that the run made by itself, as a sentence for people.

    ::

        @hookimpl
        def hpmkd_noted(note):
            log.info(note)
    """


@hookspec
def hpmkd_trial_finished(trial: Trial) -> None:
    """Called with every evaluated configuration, in the order of request.

    ::

        @hookimpl
        def hpmkd_trial_finished(trial):
            tracker.log(trial.number, trial.log_loss)
    """


@hookspec
def hpmkd_stage_finished(stage: str, trial: Trial) -> None:
    """Called when a stage's student is refitted on all rows; `trial` is the one that chose it.

    Where trials saw a part of the rows, it has that student's results on the selection rows.

    ::

        @hookimpl
        def hpmkd_stage_finished(stage, trial):
            tracker.log(stage, trial.log_loss)
    """


@hookspec
def hpmkd_run_finished(
    leaderboard: Iterable[Mapping[str, Any]],
    verdict: Mapping[str, Any],
    counts: Mapping[str, Any],
    student: Predictor,
) -> None:
    """Called with the result: the leaderboard's records, the verdict, the cost of the run.

    `student` is the one that ships::

        @hookimpl
        def hpmkd_run_finished(leaderboard, verdict):
            tracker.log(verdict["outcome"])
    """


@hookspec
def hpmkd_run_failed(error: BaseException) -> None:
    """Called when a started run ends without a result; `error` is raised to its caller.

    A KeyboardInterrupt means that the user stopped it. A killed process calls nothing::

        @hookimpl
        def hpmkd_run_failed(error):
            tracker.close(failed=str(error))
    """


# --------------------------------------------------------------------------- extend


@hookspec
def hpmkd_commands(group: click.Group) -> None:
    """Add subcommands to ``hpmkd``.

    ::

        @hookimpl
        def hpmkd_commands(group):
            group.add_command(my_command)
    """
