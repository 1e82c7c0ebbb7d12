"""The page: what each library fitted, returned and cost, and where it failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hpmkd
from benchmarks.common.pages import filled, table
from benchmarks.deepbridge.arms import LIBRARIES, LIBRARIES_BY_NAME, OURS, RUN_SECONDS, script_of
from benchmarks.deepbridge.compare import SAME
from benchmarks.deepbridge.data import TREES, rows_of

PAGE = Path(__file__).with_name("page.md")
NONE = "–"
#: Figures compared at the end, and how they are read from a line; small is good except accuracy.
MEASURES: dict[str, Callable[[dict], float | None]] = {
    "accuracy": lambda line: None if line["quality"] is None else -line["quality"]["accuracy"],
    "log loss": lambda line: None if line["quality"] is None else line["quality"]["log_loss"],
    "distance from the teacher": lambda line: (
        None if line["quality"] is None else line["quality"]["kl"]
    ),
    "CPU": lambda line: None if line["quality"] is None else _cpu(line),
    "memory": lambda line: None if line["quality"] is None else line["peak_mb"],
    "models": lambda line: None if line["quality"] is None else fitted(line)[0],
}


def page(lines: Sequence[dict], sets: Sequence[str], wanted: int) -> str:
    """Return the page about these lines."""
    ours = [line for line in lines if line["library"] == "hpmkd"]
    return filled(
        PAGE,
        done=len(lines),
        wanted=wanted,
        version=hpmkd.__version__,
        trees=TREES,
        pins=", ".join(f"`{each}`" for each in LIBRARIES),
        imports="\n\n".join(
            f"```python\n# {name}\n{library.imports}\n```"
            for name, library in LIBRARIES_BY_NAME.items()
        ),
        limit=RUN_SECONDS,
        cpu=f"{sum(line['total_cpu'] for line in lines) / 60:.0f}",
        sizes=_sizes(sets),
        returned=_returned(lines),
        worth=_worth(lines, sets),
        depends=_depends(lines),
        failures=_failures(lines),
        first=_first(lines, sets),
        fell_back=sum(bool(line.get("failures")) for line in ours),
        script=_script(),
    )


def fitted(line: dict) -> tuple[int, str]:
    """Return how many models a run fitted, and of which kinds as far as they are known."""
    if line.get("counts"):
        own = line["counts"]
        return own["models_trained"], f"{own['models_trained']} + {own['teacher_fits']} of teachers"
    fits = line.get("fits", {})
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(fits.items()))
    return sum(fits.values()), kinds or NONE


def _cpu(line: dict) -> float:
    seconds = line["seconds"]
    return sum(seconds[name]["cpu"] for name in ("run", "best_model") if name in seconds)


def _sizes(sets: Sequence[str]) -> str:
    sizes = [(name, len(rows_of(name).given), len(rows_of(name).fresh)) for name in sets]
    return "; ".join(f"{name} {given} and {fresh}" for name, given, fresh in sizes)


def _returned(lines: Sequence[dict]) -> str:
    """Return what each run fitted, and what came back."""
    rows = []
    for line in lines:
        saved = line.get("saved")
        rows.append(
            [
                line["set"],
                f"{line['library']} `{line['method']}`",
                fitted(line)[1],
                f"{line['n_rows']} × {len(line['columns'])}" if "columns" in line else NONE,
                f"`{line['type']}`" if "type" in line else NONE,
                "yes" if line["quality"] else "**no**",
                f"{saved['name']}, {saved['bytes'] / 1000:.1f} KB" if saved else "**no**",
            ]
        )
    header = ["set", "library, method", "models fitted", "rows × columns", "best_model"]
    return table([*header, "predicts", "saved"], rows)


def _worth(lines: Sequence[dict], sets: Sequence[str]) -> str:
    rows: list[list[Any]] = []
    for name in sets:
        own = [line for line in lines if line["set"] == name]
        if own:
            teacher = own[0]["teacher"]
            cells = [f"{teacher['accuracy']:.4f}", f"{teacher['log_loss']:.4f}", "0"]
            rows.append([name, "*its teacher*", NONE, *cells, NONE, NONE, NONE])
        rows += [_worth_of(line) for line in own]
    header = ["set", "library, method", "accuracy it reports", "accuracy", "log loss", "KL"]
    return table([*header, "CPU s", "wall s", "peak MB"], rows)


def _worth_of(line: dict) -> list[Any]:
    found, arm = line["quality"], f"{line['library']} `{line['method']}`"
    if found is None:
        return [line["set"], arm, *["fails"] * 4, NONE, f"{line['wall']:.0f}", NONE]
    return [
        line["set"],
        arm,
        f"{line['best_reported']:.4f}",
        f"{found['accuracy']:.4f}",
        f"{found['log_loss']:.4f}",
        f"{found['kl']:.4f}",
        f"{_cpu(line):.1f}",
        f"{line['wall']:.0f}",
        line["peak_mb"],
    ]


def _depends(lines: Sequence[dict]) -> str:
    rows = []
    for line in lines:
        found = line["depends"]
        if found is None or line["best_reported"] is None:
            continue
        rows.append(
            [
                line["set"],
                f"{line['library']} `{line['method']}`",
                _moved(found["student"]),
                _moved(found["half_soft"]),
                f"{found['changed']} of {found['compared']}",
            ]
        )
    header = ["set", "library, method", "best_model", "asked for at alpha = .5"]
    return table([*header, "rows of the results"], rows)


def _moved(answers: float | None) -> str:
    if answers is None:
        return NONE
    return "**not at all**" if answers <= SAME else f"{answers:.3f}"


def _failures(lines: Sequence[dict]) -> str:
    """Each failure once, with the sets on which it was the same."""
    where: dict[tuple[str, str, str, str], list[str]] = {}
    for line in lines:
        found = list(line["errors"].items())
        found += [("a row of the results", each) for each in set(line.get("row_errors", ()))]
        for step, error in found:
            key = (line["library"], line["method"], step, error)
            where.setdefault(key, []).append(line["set"])
    rows = [
        [f"{library} `{method}`", step, f"`{error.replace('|', '/')}`", ", ".join(names)]
        for (library, method, step, error), names in where.items()
    ]
    return table(["library, method", "step", "error", "sets"], rows) if rows else "None."


def _first(lines: Sequence[dict], sets: Sequence[str]) -> str:
    """Name the arms that are best by each measure, set by set."""
    rows = []
    for measure, value in MEASURES.items():
        cells = []
        for name in sets:
            known = {
                (line["library"], line["method"]): found
                for line in lines
                if line["set"] == name and (found := value(line)) is not None
            }
            least = min(known.values(), default=None)
            cells.append(", ".join(f"{a} `{b}`" for (a, b), it in known.items() if it == least))
        rows.append([measure, *cells])
    return table(["best by", *sets], rows)


def _script() -> str:
    """Return the script below its imports."""
    return script_of(LIBRARIES_BY_NAME["hpmkd"]).partition(OURS)[2].strip()
