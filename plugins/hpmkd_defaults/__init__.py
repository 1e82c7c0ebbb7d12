"""The default plugins: hpmkd's own components, offered as any plugin offers its own.

This module is imported whenever plugins are looked for, so it imports nothing heavy: an offer
names a class, which is imported when a recipe chooses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpmkd.hookspecs import hookimpl
from hpmkd.values import Offer

if TYPE_CHECKING:
    import click


def _offers(folder: str, **offers: tuple[str, str]) -> list[Offer[Any]]:
    """Return offers by name: class and summary; its module has its name unless another is given."""
    places = {name: at if ":" in at else f"{name}:{at}" for name, (at, _) in offers.items()}
    return [
        Offer(name, f"{__name__}.{folder}.{places[name]}", summary)
        for name, (_, summary) in offers.items()
    ]


# ---------------------------------------------------------------------------- offers


@hookimpl
def hpmkd_samplers() -> list[Offer[Any]]:
    """Offer the search in stages, the proposal's, and others to compare them with."""
    return _offers(
        "samplers",
        staged=("StagedSampler", "hyperparameters, then alpha, then T if it has several"),
        adaptive=("AdaptiveConfigurationManager", "the proposal's: sample, rank, tune the best"),
        tpe=("TPESearch", "Optuna's TPE over everything at once"),
        grid=("GridSampler", "every stage and softening, over shared draws"),
        random=("RandomSearch", "independent draws of everything"),
    )


@hookimpl
def hpmkd_stages() -> list[Offer[Any]]:
    """Offer five student families, from simple to complex."""
    return _offers(
        "stages",
        logistic=("LogisticStage", "logistic regression, exact at every temperature"),
        tree=("TreeStage", "one decision tree of probabilities"),
        gbm=("boosting:GBMStage", "boosted trees, grown best leaf first"),
        xgboost=("boosting:XGBoostStage", "boosted trees, grown level by level"),
        network=("NetworkStage", "one or two hidden layers: gains most from a teacher"),
    )


@hookimpl
def hpmkd_transfers() -> list[Offer[Any]]:
    """Offer the rules of the chain: the one that pays, one for small trees, the proposal's."""
    return _offers(
        "transfers",
        residual=("Residual", "boost from the margins of the previous stage"),
        assistant=("Assistant", "targets from a bigger student and the teacher"),
        mix=("Mix", "soft predictions of the previous stage, in the targets"),
    )


@hookimpl
def hpmkd_fusers() -> list[Offer[Any]]:
    """Offer fusers, from the plain mean to weights of each row's own."""
    return _offers(
        "fusers",
        attention=("AttentionWeightedMultiTeacher", "the pool, weighted by row where that pays"),
        calibrated=("CalibratedFuser", "calibrated teachers, weighted by expectation"),
        mean=("MeanFuser", "the uniform mean"),
        pool=("two_pools:PoolFuser", "calibrated teachers, added and multiplied"),
        **{
            "row-attention": (
                "row_attention:RowAttentionFuser",
                "the pool, weighted by row by each one's confidence: packs into one file",
            )
        },
    )


@hookimpl
def hpmkd_schedulers() -> list[Offer[Any]]:
    """Offer the constant schedule, one that moves to the labels, and a learned one."""
    return _offers(
        "schedulers",
        constant=("ConstantScheduler", "temperature and alpha as configured"),
        anneal=("AnnealScheduler", "alpha falls to 0 over the boosting rounds"),
        meta=("MetaTemperatureScheduler", "alpha and temperature that helped on other data"),
    )


@hookimpl
def hpmkd_memories() -> list[Offer[Any]]:
    """Offer the memory that all runs of a user share, and none."""
    return _offers(
        "memories",
        sqlite=("SharedOptimizationMemory", "what did well on similar data, in a small file"),
        none=("NoMemory", "none: nothing is kept from run to run"),
    )


@hookimpl
def hpmkd_caches() -> list[Offer[Any]]:
    """Offer the cache with regions and a disk tier, and a plain one in memory."""
    return _offers(
        "caches",
        partitioned=("IntelligentCache", "a budget per region; on disk, too, if asked"),
        memory=("MemoryCache", "in memory; the least recently used leaves first"),
    )


@hookimpl
def hpmkd_teachers() -> list[Offer[Any]]:
    """Offer the full panel, a cheap reference, and a single model."""
    return _offers(
        "teachers",
        panel=("panel:FullPanel", "boosted trees, forests, networks, linear, neighbours"),
        reference=("panel:ReferencePanel", "boosted and random trees, a network: cheap"),
        quick=("panel:QuickPanel", "one boosted model, the cheapest"),
    )


@hookimpl
def hpmkd_augmenters() -> list[Offer[Any]]:
    """Offer two ways to make rows for the teachers to label, and none."""
    return _offers(
        "augmenters",
        munge=("Munge", "real rows whose cells move towards their nearest neighbour"),
        mixup=("Mixup", "rows between two real ones"),
        none=("NoRows", "no new rows"),
    )


@hookimpl
def hpmkd_executors() -> list[Offer[Any]]:
    """Offer this process and a pool of processes."""
    return _offers(
        "executors",
        loky=("LokyExecutor", "worker processes that share arrays"),
        serial=("SerialExecutor", "one task after the other, in this process"),
    )


@hookimpl
def hpmkd_exporters() -> list[Offer[Any]]:
    """Offer formats for runtimes, compilers and databases, and one for people."""
    return _offers(
        "exporters",
        c=("c.exporter:CExporter", "one file of C99 that needs nothing else"),
        js=("js.exporter:JsExporter", "an ES module for browsers and Node.js, no dependencies"),
        json=("json.exporter:JsonExporter", "readable: conditions, coefficients, everything"),
        onnx=("onnx.exporter:OnnxExporter", "a graph for onnxruntime: raw columns in"),
        python=("python.exporter:PythonExporter", "one file that needs nothing but Python"),
        sql=("sql.exporter:SqlExporter", "a query that scores a table: SQLite, DuckDB, PostgreSQL"),
    )


# -------------------------------------------------------------------------- commands


@hookimpl
def hpmkd_commands(group: click.Group) -> None:
    """Add ``hpmkd cache`` and ``hpmkd memory``: what is kept on disk from run to run."""
    from hpmkd_defaults.caches.command import cache
    from hpmkd_defaults.memories.command import memory

    group.add_command(cache)
    group.add_command(memory)
