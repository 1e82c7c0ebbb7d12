"""Two finished runs side by side: data, recipe, shipped students, and whether these compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpmkd.runs.fingerprint import changed, settings_of
from hpmkd.runs.listing import RunFigures, read_figures
from hpmkd.runs.paired import PairedDifference, UnpairedError, paired_difference
from hpmkd.runs.result import Distillation

if TYPE_CHECKING:
    from hpmkd.evaluation.leaderboard import ModelRecord

#: Facts of the data in run.json beside the rows, and their titles; folders of older versions
#: lack some.
COLUMNS: Mapping[str, str] = {
    "target": "target",
    "classes": "classes",
    "columns": "columns",
    "left_out": "columns left out",
    "weights": "weights of rows",
    "class_weight": "weights of classes",
}
#: The same of the run itself.
CIRCUMSTANCES = ("seed", "teachers", "plugins", "versions")


@dataclass(frozen=True)
class Change:
    """Something in which two runs differ: its name, and the value in each."""

    name: str
    one: Any
    other: Any


@dataclass(frozen=True)
class ComparedRun:
    """One of the two runs.

    Parameters
    ----------
    folder : str
        Its path.
    sentence : str
        Of its verdict.
    figures : RunFigures
        Its figures.
    metric, metric_score : str, float
        The metric that chose its student, and that student's score on the test rows.
    retention : float or None
        Accuracy of the student over that of the teacher, on the test rows.
    """

    folder: str
    sentence: str
    figures: RunFigures
    metric: str
    metric_score: float
    retention: float | None


@dataclass(frozen=True)
class RunComparison:
    """Two runs side by side.

    Parameters
    ----------
    one, other : ComparedRun
        The runs.
    same_test_rows : bool
        Whether their figures are of the same rows: else they do not compare.
    data, recipe, circumstances : tuple of Change
        In what the runs differ: their rows and columns; the settings that decide results, but for
        those of stages that one of them lacks; seed, teachers, plugins and versions.
    paired : PairedDifference or None
        The shipped students, row by row.
    unpaired : str or None
        Why there is no such difference.
    """

    one: ComparedRun
    other: ComparedRun
    same_test_rows: bool
    data: tuple[Change, ...]
    recipe: tuple[Change, ...]
    circumstances: tuple[Change, ...]
    paired: PairedDifference | None = None
    unpaired: str | None = None


def compare_runs(one: Path, other: Path) -> RunComparison:
    """Compare two run folders.

    Raises
    ------
    StudentFileError
        If one of them is not an intact, finished run.
    """
    runs = Distillation.load(one), Distillation.load(other)
    paired, unpaired = None, None
    try:
        paired = paired_difference(*runs)
    except UnpairedError as error:
        unpaired = str(error)
    facts = [run.facts for run in runs]
    return RunComparison(
        _compared(one, runs[0]),
        _compared(other, runs[1]),
        same_test_rows=facts[0]["digests"]["test"] == facts[1]["digests"]["test"],
        data=tuple(_data(*facts)),
        recipe=tuple(_recipe(*(settings_of(run.recipe) for run in runs))),
        circumstances=tuple(_circumstances(*facts)),
        paired=paired,
        unpaired=unpaired,
    )


def _compared(folder: Path, run: Distillation) -> ComparedRun:
    record: ModelRecord = next(each for each in run.records if each.chosen)
    return ComparedRun(
        str(folder),
        run.verdict.sentence,
        read_figures(folder),
        run.recipe.metric.name,
        record.log_loss if record.metric is None else record.metric,
        record.retention,
    )


def _data(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Change]:
    for part in ("training", "test"):
        if one["digests"][part] != other["digests"][part]:
            yield Change(f"{part} rows", *(_rows(each, part) for each in (one, other)))
    for key, name in COLUMNS.items():
        if one.get(key) != other.get(key):
            yield Change(name, one.get(key), other.get(key))


def _rows(facts: Mapping[str, Any], part: str) -> str:
    return f"{facts['rows'][part]} (digest {facts['digests'][part][:12]}…)"


def _circumstances(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Change]:
    for key in CIRCUMSTANCES:
        if key == "versions":
            each = changed(one[key], other[key])
            yield from (Change(f"version of {name}", *both) for name, *both in each)
        elif one.get(key) != other.get(key):
            yield Change(key, one.get(key), other.get(key))


def _recipe(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the settings that differ, but for those of a stage that one of the runs lacks."""
    alone = set(one["stages"]) ^ set(other["stages"])
    for name, *both in changed(one, other):
        table, _, rest = name.partition(".")
        if table != "stages" or rest.partition(".")[0] not in alone:
            yield Change(name, *both)
