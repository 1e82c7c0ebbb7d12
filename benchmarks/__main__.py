"""Lists the benchmarks, and runs one: ``python -m benchmarks NAME [options]``."""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple

from benchmarks.common.threads import one_thread


class Benchmark(NamedTuple):
    """Where a benchmark is, how long it takes, and what it writes.

    Parameters
    ----------
    module : str
        Below ``benchmarks``; its ``main`` is a click command.
    minutes : str
        CPU minutes on one core of the whole page, roughly; `--quick` takes one or two.
    page : str
        In ``docs/``; empty if none is written.
    about : str
        What is measured.
    one_thread : bool
        Whether the process is bound to one thread before anything is imported.
    """

    module: str
    minutes: str
    page: str
    about: str
    one_thread: bool = True


BENCHMARKS = {
    "augmenters": Benchmark(
        "single.augmenters", "?", "", "made rows: munge and mixup against none"
    ),
    "chain": Benchmark("chain.run", "?", "chain.md", "students of the chain against every rival"),
    "ensemble-distillation": Benchmark(
        "single.ensemble_distillation",
        "?",
        "collapse.md",
        "the ensemble distilled into one student",
    ),
    "exporters": Benchmark("single.exporters", "2", "exporters.md", "ONNX and JSON files"),
    "fusion": Benchmark("fusion.run", "?", "fusion.md", "fusers of teachers against each other"),
    "fusion-kernels": Benchmark(
        "kernels.fusion", "2", "fusion-kernels.md", "kernels of the fusers against NumPy"
    ),
    "grid-vs-hpm": Benchmark(
        "grid_vs_hpm.run", "?", "grid-vs-hpm.md", "AutoDistiller's two methods, and their cost"
    ),
    "kernels": Benchmark("kernels.kernels", "1", "kernels.md", "kernels against NumPy and SciPy"),
    "meta": Benchmark(
        "meta_scheduler.run", "?", "meta.md", "the scheduler that learns T and alpha"
    ),
    "parallel": Benchmark("parallel.run", "?", "parallel.md", "workers against one process"),
    "predict": Benchmark("predict.run", "?", "predict.md", "predictions against other libraries"),
    "refit": Benchmark("kernels.refit", "1", "refit.md", "the joint leaf refit against NumPy"),
    "regimes": Benchmark("single.regimes", "?", "regimes.md", "whether regimes are recognised"),
    "retention": Benchmark(
        "single.retention", "?", "retention.md", "accuracy retained by every stage"
    ),
    "scale": Benchmark(
        "scale.run", "?", "scale.md", "seconds and memory up to a million rows", one_thread=False
    ),
    "search": Benchmark("search.run", "?", "search.md", "samplers against the full grid"),
    "sizes": Benchmark("single.sizes", "?", "sizes.md", "sizes of student files"),
}


def listing() -> str:
    """Return a line for every benchmark: command, minutes, page, subject."""
    rows = [("command", "minutes", "page", "measures")]
    rows += [
        (
            f"python -m benchmarks {name}",
            each.minutes,
            each.page and f"docs/{each.page}",
            each.about,
        )
        for name, each in BENCHMARKS.items()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main(arguments: list[str]) -> None:
    """List the benchmarks, or run the one that is named."""
    name = arguments[0] if arguments else "--help"
    if name in ("--help", "-h"):
        print(f"{listing()}\n\nOptions: python -m benchmarks NAME --help")
        return
    if name not in BENCHMARKS:
        raise SystemExit(f"no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    chosen = BENCHMARKS[name]
    if chosen.one_thread:
        one_thread()
    module = importlib.import_module(f"benchmarks.{chosen.module}")
    module.main.main(arguments[1:], prog_name=f"python -m benchmarks {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
