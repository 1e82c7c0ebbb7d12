"""Builds the default memories, caches, executors and exporters: each is imported when asked for.

The keyword-only parameters are the settings that a recipe may give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

if TYPE_CHECKING:
    from hpmkd.contracts import Cache, Executor, Exporter, Memory

Count = Annotated[int, Meta(ge=1)]
Bytes = Annotated[int, Meta(ge=0)]
Region = Literal["teacher", "feature", "attention"]


def no_memory() -> Memory:
    """Build the memory that knows nothing."""
    from hpmkd_defaults.memories.none import NoMemory

    return NoMemory()


def sqlite_memory(*, folder: str = "", suggestions: Count = 2) -> Memory:
    """Build the memory in a file; it suggests at most so many hyperparameters per stage."""
    from hpmkd_defaults.memories.sqlite import SharedOptimizationMemory

    return SharedOptimizationMemory(folder=folder, suggestions=suggestions)


def partitioned_cache(
    *,
    max_bytes: Bytes = 2_000_000_000,
    disk: bool | None = None,
    folder: str = "",
    disk_regions: tuple[Region, ...] = ("teacher", "feature", "attention"),
    max_disk_bytes: Bytes = 5_000_000_000,
) -> Cache:
    """Build the cache whose regions share `max_bytes`; `disk` keeps `disk_regions` in files."""
    from hpmkd_defaults.caches.partitioned import IntelligentCache

    return IntelligentCache(
        max_bytes=max_bytes,
        disk=disk,
        folder=folder,
        disk_regions=disk_regions,
        max_disk_bytes=max_disk_bytes,
    )


def memory_cache(*, max_bytes: Bytes = 2_000_000_000) -> Cache:
    """Build a cache that keeps at most `max_bytes` of arrays."""
    from hpmkd_defaults.caches.memory import MemoryCache

    return MemoryCache(max_bytes=max_bytes)


def loky_executor(*, workers: Count = 2) -> Executor:
    """Build an executor over `workers` processes."""
    from hpmkd_defaults.executors.loky import LokyExecutor

    return LokyExecutor(workers=workers)


def serial_executor() -> Executor:
    """Build the executor that stays in this process."""
    from hpmkd_defaults.executors.serial import SerialExecutor

    return SerialExecutor()


def onnx_exporter(*, inputs: Literal["columns", "matrix"] = "columns") -> Exporter:
    """Build the exporter of ONNX graphs, of an input per column or one for all."""
    from hpmkd_defaults.exporters.optional_imports import require

    require("onnx", "onnx", "onnxruntime")
    from hpmkd_defaults.exporters.onnx import OnnxExporter

    return OnnxExporter(inputs)


def json_exporter() -> Exporter:
    """Build the exporter of JSON that a person can read."""
    from hpmkd_defaults.exporters.json import JsonExporter

    return JsonExporter()
