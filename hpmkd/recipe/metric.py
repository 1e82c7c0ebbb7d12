"""The metric of a run as a recipe holds it, and cost matrices as people write them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from hpmkd.errors import RecipeError, suggest
from hpmkd.recipe.parsing import check_keys, convert

#: What may choose and judge students; "cost" comes with a matrix.
METRICS = ("log_loss", "brier", "auc", "average_precision", "accuracy", "f1", "cost")
MATRIX = "a CSV with the classes as its header and as its first column"


class MetricSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which metric chooses and judges students.

    Parameters
    ----------
    name : str
        One of :data:`METRICS`.
    classes : tuple of str
        Of a cost matrix: the classes as text, in the order of its rows and columns.
    costs : tuple of tuple of float
        What it costs to name a class (column) where another is true (row): finite, 0 or more,
        and 0 on the diagonal.
    """

    name: str = "log_loss"
    classes: tuple[str, ...] = ()
    costs: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is not a metric.

        Raises
        ------
        RecipeError
            If the name is unknown, or the costs are no matrix of costs.
        """
        if self.name not in METRICS:
            raise RecipeError(
                f"metric: got {self.name!r}{suggest(self.name, METRICS)} Known: "
                f"{', '.join(METRICS[:-1])}, and cost with a matrix: cost=FILE"
            )
        if self.name == "cost":
            _check_costs(self.classes, self.costs)
        elif self.classes or self.costs:
            raise RecipeError(
                f'metric: got costs and the name {self.name!r}; expected metric.name = "cost", '
                "or no costs"
            )

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values that parse to the same settings."""
        if self.name != "cost":
            return {"name": self.name}
        costs = [list(row) for row in self.costs]
        return {"name": self.name, "classes": list(self.classes), "costs": costs}


def parse_metric(value: Any) -> MetricSettings:
    """Parse a metric: a name, ``cost=FILE``, or a table with `name`, `classes` and `costs`.

    Raises
    ------
    RecipeError
        If it is none of these, or the file holds no matrix of costs.
    """
    if isinstance(value, MetricSettings):
        return value
    if isinstance(value, str):
        name, equals, path = value.partition("=")
        if equals and name == "cost":
            return read_costs(path)
        if value == "cost":
            raise RecipeError(f"metric: got cost without a matrix; expected cost=FILE, {MATRIX}")
        return MetricSettings(value)
    if not isinstance(value, Mapping):
        raise RecipeError(
            f"metric: got {type(value).__name__}; expected one of {', '.join(METRICS[:-1])}, "
            "cost=FILE, or a table with name, classes and costs"
        )
    check_keys(value, MetricSettings, "metric")
    plain = {key: [*each] if isinstance(each, tuple) else each for key, each in value.items()}
    if isinstance(plain.get("classes"), list):
        plain["classes"] = [str(label) for label in plain["classes"]]
    settings: MetricSettings = convert(plain, MetricSettings, "metric")
    return settings


def read_costs(path: str | os.PathLike[str]) -> MetricSettings:
    """Read a cost matrix: row = true class, column = named class, labels first.

    Raises
    ------
    RecipeError
        If the file cannot be read, or holds no such matrix.
    """
    what = f"metric: {os.fspath(path)}"
    try:
        text = Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise RecipeError(f"{what} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{what} is not UTF-8 text; expected {MATRIX}") from error
    lines = [line for line in csv.reader(text.splitlines()) if any(cell.strip() for cell in line)]
    if len(lines) < 2:
        raise RecipeError(f"{what} has {len(lines)} lines; expected {MATRIX}")
    header = [cell.strip() for cell in lines[0][1:]]
    rows: dict[str, tuple[float, ...]] = {}
    for line in lines[1:]:
        label = line[0].strip()
        if label in rows:
            raise RecipeError(f"{what} has the row {label!r} twice; expected one per class")
        if len(line) != len(lines[0]):
            raise RecipeError(
                f"{what}: the row {label!r} has {len(line) - 1} costs and the header "
                f"{len(header)} classes; expected a square matrix"
            )
        rows[label] = tuple(
            _number(cell, f"{what}: row {label!r}, column {column!r}")
            for cell, column in zip(line[1:], header, strict=True)
        )
    if sorted(rows) != sorted(header):
        one_sided = sorted({*rows} ^ {*header}) or sorted(header)
        raise RecipeError(
            f"{what} names {', '.join(map(repr, one_sided))} not once as a row and once as a "
            "column; expected a square matrix with the same classes in both"
        )
    try:
        return MetricSettings("cost", tuple(header), tuple(rows[label] for label in header))
    except RecipeError as error:
        raise RecipeError(f"{error} ({os.fspath(path)})") from None


def _number(cell: str, where: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise RecipeError(f"{where}: got {cell!r}; expected a number, 0 or more") from None


def _check_costs(classes: Sequence[str], costs: Sequence[Sequence[float]]) -> None:
    if len(classes) < 2 or len({*classes}) != len(classes):
        raise RecipeError(
            f"metric.classes: got {', '.join(map(repr, classes)) or 'none'}; expected each of two "
            "or more classes once"
        )
    if len(costs) != len(classes) or any(len(row) != len(classes) for row in costs):
        shape = f"{len(costs)} rows of {', '.join(sorted({str(len(row)) for row in costs})) or 0}"
        raise RecipeError(
            f"metric.costs: got {shape} costs for {len(classes)} classes; expected a square "
            "matrix: a row for each true class, a column for each named one"
        )
    for true, row in zip(classes, costs, strict=True):
        for named, cost in zip(classes, row, strict=True):
            if not 0 <= cost < float("inf"):
                raise RecipeError(
                    f"metric.costs: got {cost} where {true!r} is true and {named!r} is named; "
                    "expected a finite cost, 0 or more"
                )
            if true == named and cost:
                raise RecipeError(
                    f"metric.costs: got {cost} where {true!r} is named rightly; expected 0 on the "
                    "diagonal: subtract it from its row, which changes no decision"
                )
    if not any(map(any, costs)):
        raise RecipeError("metric.costs: got 0 everywhere; expected a cost above 0 for a mistake")
