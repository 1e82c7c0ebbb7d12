"""Lists the benchmarks, and runs one: ``python -m benchmarks NAME [options]``.

``--check`` lists the pages that are older than the code they measure.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.common.staleness import NoHistoryError, ages, report
from benchmarks.common.threads import one_thread

ROOT = Path(__file__).parents[1]
PLUGINS = "plugins/hpmkd_defaults"
KERNELS, KNOWLEDGE, STUDENT = "hpmkd/kernels", "hpmkd/knowledge", "hpmkd/student"
TRAINING, EXPORTERS = "hpmkd/training", (f"{PLUGINS}/exporters", "hpmkd/student")
SEARCH = ("hpmkd/search", f"{PLUGINS}/samplers", f"{PLUGINS}/memories", TRAINING)
#: The code that whole runs depend on: students, and the seconds and bytes that they take.
RUN = tuple(
    f"hpmkd/{name}"
    for name in (
        *("api.py", "chain", "data", "engine", "evaluation", "execution", "kernels"),
        *("knowledge", "recipe", "search", "student", "training"),
    )
) + tuple(
    f"{PLUGINS}/{name}"
    for name in (
        *("augmenters", "caches", "fusers", "memories", "samplers", "schedulers", "stages"),
        *("teachers", "transfers"),
    )
)


class Benchmark(NamedTuple):
    """The module of a benchmark, its duration, and its page.

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
    measures : tuple of str
        Paths of the code that decides its figures: later commits to it make the page stale.
    further : tuple of str
        More pages of the same command, of other draws.
    """

    module: str
    minutes: str
    page: str
    one_thread: bool = True
    measures: tuple[str, ...] = RUN
    further: tuple[str, ...] = ()

    @property
    def pages(self) -> tuple[str, ...]:
        """Paths of what it has written."""
        return tuple(f"docs/{each}" for each in (self.page, *self.further) if each)

    @property
    def about(self) -> str:
        """The first line of the module's docstring, read without importing it."""
        path = Path(__file__).parent / f"{self.module.replace('.', '/')}.py"
        return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


OTHER_DRAWS = ("ablation-confirmed.md", "ablation-default.md")
BENCHMARKS = {
    "ablation": Benchmark("ablation.run", "~300", "ablation.md", further=OTHER_DRAWS),
    "augmenters": Benchmark("single.augmenters", "~10", ""),
    "cache": Benchmark("cache.run", "~9", "cache.md"),
    "chain": Benchmark(
        "chain.run",
        "~40",
        "chain.md",
        measures=("hpmkd/chain", TRAINING, f"{PLUGINS}/stages", f"{PLUGINS}/transfers"),
    ),
    "claims": Benchmark("claims.run", "~70", "claims.md"),
    "columns": Benchmark("single.columns", "~2", ""),
    "deepbridge": Benchmark(
        "deepbridge.run", "~15", "deepbridge-side-by-side.md", measures=(*RUN, "hpmkd/deepbridge")
    ),
    "doors": Benchmark(
        "doors.run", "~1", "doors.md", measures=("hpmkd/data", STUDENT, "hpmkd/cli")
    ),
    "ensemble-attention": Benchmark("single.ensemble_attention", "~3", "ensemble.md"),
    "ensemble-distillation": Benchmark(
        "single.ensemble_distillation",
        "~15",
        "collapse.md",
        measures=(TRAINING, f"{PLUGINS}/stages"),
    ),
    "exporters": Benchmark("exporters.run", "~3", "serve.md", measures=EXPORTERS),
    "exporters-c": Benchmark("single.exporters_c", "~2", "exporters-c.md", measures=EXPORTERS),
    "exporters-js": Benchmark("single.exporters_js", "~1", "exporters-js.md", measures=EXPORTERS),
    "exporters-python": Benchmark(
        "single.exporters_python", "~4", "exporters-python.md", measures=EXPORTERS
    ),
    "exporters-sql": Benchmark(
        "single.exporters_sql", "~3", "exporters-sql.md", measures=EXPORTERS
    ),
    "fusion": Benchmark(
        "fusion.run",
        "~40",
        "fusion.md",
        measures=(KNOWLEDGE, f"{PLUGINS}/fusers", f"{PLUGINS}/teachers"),
    ),
    "fusion-kernels": Benchmark("kernels.fusion", "~2", "fusion-kernels.md", measures=(KERNELS,)),
    "installed-size": Benchmark(
        "single.installed_size", "~5", "install.md", measures=("pyproject.toml", "requirements")
    ),
    "kernels": Benchmark("kernels.kernels", "~2", "kernels.md", measures=(KERNELS,)),
    "memory-fill": Benchmark(
        "memory_fill.run",
        "~15",
        "memory.md",
        measures=(f"{PLUGINS}/memories", f"{PLUGINS}/stages", TRAINING),
    ),
    "meta": Benchmark(
        "meta_scheduler.run", "~30", "meta.md", measures=(f"{PLUGINS}/schedulers", TRAINING)
    ),
    "null": Benchmark("null.run", "~60", "null.md"),
    "panel": Benchmark(
        "single.panel", "~1", "panel.md", measures=(f"{PLUGINS}/teachers", f"{PLUGINS}/fusers")
    ),
    "parallel": Benchmark(
        "parallel.run", "~15", "parallel.md", measures=("hpmkd/execution", f"{PLUGINS}/executors")
    ),
    "predict": Benchmark("predict.run", "~5", "predict.md", measures=(STUDENT, KERNELS)),
    "refit": Benchmark("kernels.refit", "~1", "refit.md", measures=(KERNELS, f"{PLUGINS}/stages")),
    "regimes": Benchmark(
        "single.regimes", "~60", "regimes.md", measures=(KNOWLEDGE, f"{PLUGINS}/teachers")
    ),
    "retention": Benchmark("single.retention", "~4", "retention.md"),
    "rivals": Benchmark("rivals.run", "~600", "rivals.md"),
    "runtime": Benchmark(
        "runtime.run", "~2", "runtime.md", measures=("plugins/hpmkd-runtime", STUDENT, KERNELS)
    ),
    "scale": Benchmark("scale.run", "~20", "scale.md", one_thread=False),
    "search": Benchmark("search.run", "~60", "search.md", measures=SEARCH),
    "sizes": Benchmark("single.sizes", "~4", "sizes.md"),
    "student-state": Benchmark(
        "fusion.student_state",
        "~8",
        "student-state.md",
        measures=(KNOWLEDGE, f"{PLUGINS}/fusers", "hpmkd/engine"),
    ),
    "students": Benchmark(
        "students.run", "~70", "students.md", measures=(TRAINING, f"{PLUGINS}/stages")
    ),
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


def check(strict: bool) -> None:
    """Print which pages are older than the code they measure; if `strict`, fail if one is."""
    pages = {page: each.measures for each in BENCHMARKS.values() for page in each.pages}
    try:
        found = ages(ROOT, pages)
    except NoHistoryError as error:
        raise SystemExit(f"--check: {error}") from None
    print(report(found))
    if strict and any(each.later for each in found):
        raise SystemExit(1)


def main(arguments: list[str]) -> None:
    """List the benchmarks, check their pages, or run the one that is named."""
    name = arguments[0] if arguments else "--help"
    if name in ("--help", "-h"):
        print(f"{listing()}\n\nOptions: python -m benchmarks NAME --help")
        print("Pages older than the code they measure: python -m benchmarks --check [--strict]")
        return
    if name == "--check":
        if unknown := set(arguments[1:]) - {"--strict"}:
            raise SystemExit(f"--check: got {', '.join(sorted(unknown))}; expected --strict alone")
        check(strict="--strict" in arguments)
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
