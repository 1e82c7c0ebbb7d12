"""The default plugins: what hpmkd offers through the same door as anyone.

This module is imported whenever plugins are looked for, so it imports nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.hookspecs import hookimpl
from hpmkd.values import Offer
from hpmkd_defaults import factories as make
from hpmkd_defaults import service_factories as serve

if TYPE_CHECKING:
    import click

    from hpmkd.contracts import (
        Augmenter,
        Cache,
        Executor,
        Exporter,
        Fuser,
        Memory,
        Sampler,
        Scheduler,
        Stage,
        TeacherPanel,
        Transfer,
    )

# ---------------------------------------------------------------------------- offers


@hookimpl
def hpmkd_samplers() -> list[Offer[Sampler]]:
    """Offer the search in stages, the proposal's, and others to compare them with."""
    return [
        Offer(
            "staged", make.staged_sampler, "hyperparameters, then alpha, then T if it has several"
        ),
        Offer(
            "adaptive", make.adaptive_sampler, "the proposal's: sample, rank, tune the promising"
        ),
        Offer("tpe", make.tpe_sampler, "Optuna's TPE over everything at once"),
        Offer("grid", make.grid_sampler, "every stage, temperature and alpha, over shared draws"),
        Offer("random", make.random_sampler, "independent draws of everything"),
    ]


@hookimpl
def hpmkd_stages() -> list[Offer[Stage]]:
    """Offer four student families, from simple to complex."""
    return [
        Offer("logistic", make.logistic_stage, "logistic regression, exact at every temperature"),
        Offer("tree", make.tree_stage, "one decision tree of probabilities"),
        Offer("gbm", make.gbm_stage, "boosted trees, grown best leaf first"),
        Offer("xgboost", make.xgboost_stage, "boosted trees, grown level by level"),
    ]


@hookimpl
def hpmkd_transfers() -> list[Offer[Transfer]]:
    """Offer the rules of the chain: the one that pays, one for small trees, the proposal's."""
    return [
        Offer("residual", make.residual_transfer, "boost from the margins of the stage before"),
        Offer(
            "assistant",
            make.assistant_transfer,
            "targets from a bigger student and the teacher",
        ),
        Offer("mix", make.mix_transfer, "soft predictions of the stage before, in the targets"),
    ]


@hookimpl
def hpmkd_fusers() -> list[Offer[Fuser]]:
    """Offer fusers, from the plain mean to weights of each row's own."""
    return [
        Offer("attention", make.attention_fuser, "the pool, weighted row by row where that pays"),
        Offer("calibrated", make.calibrated_fuser, "calibrated teachers, weighted by expectation"),
        Offer("mean", make.mean_fuser, "the uniform mean"),
        Offer("pool", make.pool_fuser, "calibrated teachers, added and multiplied"),
    ]


@hookimpl
def hpmkd_schedulers() -> list[Offer[Scheduler]]:
    """Offer the schedule that stands still, one that moves to the labels, and a learned one."""
    return [
        Offer("constant", make.constant_scheduler, "temperature and alpha as configured"),
        Offer("anneal", make.anneal_scheduler, "alpha falls to 0 over the boosting rounds"),
        Offer("meta", make.meta_scheduler, "alpha and temperature that helped on other data"),
    ]


@hookimpl
def hpmkd_memories() -> list[Offer[Memory]]:
    """Offer the memory that all runs of a user share, and none."""
    return [
        Offer("sqlite", serve.sqlite_memory, "what did well on similar data, in a small file"),
        Offer("none", serve.no_memory, "every data set is the first"),
    ]


@hookimpl
def hpmkd_caches() -> list[Offer[Cache]]:
    """Offer the cache with regions and a disk tier, and a plain one in memory."""
    return [
        Offer(
            "partitioned",
            serve.partitioned_cache,
            "a budget per region; on disk, too, if asked",
        ),
        Offer("memory", serve.memory_cache, "in memory, the least recently used goes first"),
    ]


@hookimpl
def hpmkd_teachers() -> list[Offer[TeacherPanel]]:
    """Offer the full panel and a cheap reference."""
    return [
        Offer(
            "default",
            make.default_panel,
            "boosted trees, forests, networks, linear, neighbours",
        ),
        Offer("quick", make.quick_panel, "one boosted model: a cheap reference"),
    ]


@hookimpl
def hpmkd_augmenters() -> list[Offer[Augmenter]]:
    """Offer two ways to make rows for the teachers to label, and none."""
    return [
        Offer("munge", make.munge, "real rows whose cells move towards their nearest neighbour"),
        Offer("mixup", make.mixup, "rows between two real ones"),
        Offer("none", make.no_rows, "no new rows"),
    ]


@hookimpl
def hpmkd_executors() -> list[Offer[Executor]]:
    """Offer this process and a pool of processes."""
    return [
        Offer("loky", serve.loky_executor, "worker processes that share arrays"),
        Offer("serial", serve.serial_executor, "one task after the other, in this process"),
    ]


@hookimpl
def hpmkd_exporters() -> list[Offer[Exporter]]:
    """Offer the format that runtimes read, and one that people read."""
    return [
        Offer("json", serve.json_exporter, "readable: conditions, coefficients, all that counts"),
        Offer("onnx", serve.onnx_exporter, "a graph for onnxruntime: raw columns in"),
    ]


# -------------------------------------------------------------------------- commands


@hookimpl
def hpmkd_commands(group: click.Group) -> None:
    """Add ``hpmkd cache`` and ``hpmkd memory``: what is kept on disk from run to run."""
    from hpmkd_defaults.caches.command import cache
    from hpmkd_defaults.memories.command import memory

    group.add_command(cache)
    group.add_command(memory)
