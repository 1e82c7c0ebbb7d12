"""Lists the benchmarks, and runs one: ``python -m benchmarks NAME [options]``."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.common.threads import one_thread


class Benchmark(NamedTuple):
    """Where a benchmark is, how long it takes, and what it writes.

    Parameters
    ----------
    module : str
        Below ``benchmarks``; its ``main`` is a click command.
    minutes : str
        Of the whole page on an idle core, roughly: from the page itself (chain, claims,
        retention, scale, search), otherwise estimated from its fits.
    page : str
        In ``docs/``; empty if none is written.
    one_thread : bool
        Whether the process is bound to one thread before anything is imported.
    """

    module: str
    minutes: str
    page: str
    one_thread: bool = True

    @property
    def about(self) -> str:
        """The first line of the module's docstring, read without importing it."""
        path = Path(__file__).parent / f"{self.module.replace('.', '/')}.py"
        return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


BENCHMARKS = {
    "ablation": Benchmark("ablation.run", "~300", "ablation.md"),
    "augmenters": Benchmark("single.augmenters", "~10", ""),
    "chain": Benchmark("chain.run", "~40", "chain.md"),
    "claims": Benchmark("claims.run", "~70", "claims.md"),
    "columns": Benchmark("single.columns", "~2", ""),
    "doors": Benchmark("doors.run", "~1", "doors.md"),
    "ensemble-distillation": Benchmark("single.ensemble_distillation", "~15", "collapse.md"),
    "exporters": Benchmark("exporters.run", "~3", "serve.md"),
    "exporters-c": Benchmark("single.exporters_c", "~2", "exporters-c.md"),
    "exporters-js": Benchmark("single.exporters_js", "~1", "exporters-js.md"),
    "exporters-python": Benchmark("single.exporters_python", "~4", "exporters-python.md"),
    "exporters-sql": Benchmark("single.exporters_sql", "~3", "exporters-sql.md"),
    "fusion": Benchmark("fusion.run", "~40", "fusion.md"),
    "fusion-kernels": Benchmark("kernels.fusion", "~2", "fusion-kernels.md"),
    "installed-size": Benchmark("single.installed_size", "~5", "install.md"),
    "kernels": Benchmark("kernels.kernels", "~2", "kernels.md"),
    "meta": Benchmark("meta_scheduler.run", "~30", "meta.md"),
    "null": Benchmark("null.run", "~60", "null.md"),
    "panel": Benchmark("single.panel", "~1", "panel.md"),
    "parallel": Benchmark("parallel.run", "~15", "parallel.md"),
    "predict": Benchmark("predict.run", "~5", "predict.md"),
    "refit": Benchmark("kernels.refit", "~1", "refit.md"),
    "regimes": Benchmark("single.regimes", "~60", "regimes.md"),
    "retention": Benchmark("single.retention", "~4", "retention.md"),
    "rivals": Benchmark("rivals.run", "~600", "rivals.md"),
    "runtime": Benchmark("runtime.run", "~2", "runtime.md"),
    "scale": Benchmark("scale.run", "~20", "scale.md", one_thread=False),
    "search": Benchmark("search.run", "~60", "search.md"),
    "sizes": Benchmark("single.sizes", "~4", "sizes.md"),
    "students": Benchmark("students.run", "~70", "students.md"),
    "verdict": Benchmark("verdict.run", "~60", "verdict.md"),
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
