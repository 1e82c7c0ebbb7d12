"""Raw cells as what models read: doubles, integers and codes, each a column of the query."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from hpmkd.errors import UnsupportedStudentError
from hpmkd.student import LinearEncoder, Schema
from hpmkd.student.columns.column import Column
from hpmkd.student.columns.features import Feature
from hpmkd.student.columns.spelling import TRUTHS
from hpmkd.student.models.trees import TreesModel
from hpmkd_defaults.exporters.sql.dialects import Dialect, shortened
from hpmkd_defaults.exporters.sql.expressions import Sql, Subqueries
from hpmkd_defaults.exporters.sql.moments import Moments

#: By the name of a category, the codes at which models tell its levels apart.
Cuts = Mapping[str, set[int]]


class CellReader:
    """Features as columns of the query, NULL where missing, defined at their first use.

    Parameters
    ----------
    subqueries : Subqueries
        Where they are defined.
    dialect : Dialect
    schema : Schema
        The raw columns.
    cuts : mapping of str to set of int
        Of each category: levels between two neighbouring codes are one.
    """

    def __init__(
        self, subqueries: Subqueries, dialect: Dialect, schema: Schema, cuts: Cuts
    ) -> None:
        self.subqueries = subqueries
        self.dialect = dialect
        self.read: dict[str, Column] = {}
        self._schema = schema
        self._cuts = cuts

    def column(self, feature: Feature) -> Sql:
        """Return the column of a feature: a double, or an integer if :func:`is_whole`."""
        column = feature.column
        cell = self.subqueries.define("c", Sql(f"t.{self.dialect.identifier(column.name)}"))
        if column.name not in self.read:
            self._check_name(column.name)
            self.read[column.name] = column
        if column.calendar is not None:
            micros = Sql(self.dialect.microseconds(cell.text, column), cell.uses)
            return Moments(self.subqueries, self.dialect, micros).value(feature, column.calendar)
        if feature.kind == "number":
            number = self.dialect.number(cell.text, column)
            return self.subqueries.define("x", Sql(number, cell.uses))
        return self.subqueries.define("x", Sql(self._codes(cell.text, feature), cell.uses))

    def _check_name(self, name: str) -> None:
        """Refuse a name that the database cannot have, or confuses with another."""
        dialect, folded = self.dialect, name.casefold()
        reason = dialect.objection(name)
        if folded in dialect.row_numbers:
            reason = "where the table has no such column, it is the number of the row"
        same = [each for each in self._schema.names if each != name and each.casefold() == folded]
        if dialect.ignores_case and same:
            reason = f"it is the same as {same[0]!r}, as case does not count there"
        if reason:
            raise UnsupportedStudentError(
                f"the column {shortened(name)} cannot be read in {dialect.title}: {reason}; "
                "rename it and train the student again"
            )

    def _codes(self, cell: str, feature: Feature) -> str:
        """Return the first code of each group of levels that models do not tell apart."""
        count = len(feature.categories)
        ends = sorted({0, count, *(cut for cut in self._cuts[feature.name] if 0 < cut < count)})
        spellings: dict[int, list[str]] = {first: [] for first in ends[:-1]}
        firsts = [first for first, end in pairwise(ends) for _ in range(first, end)]
        for text, code in _spellings(feature.column).items():
            if self.dialect.holds(text):
                spellings[firsts[code]].append(self.dialect.text(text))
        read = self.dialect.category(cell)
        cases = [
            f"WHEN {read} IN ({', '.join(texts)}) THEN {first}"
            for first, texts in spellings.items()
            if texts
        ]
        return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS integer)"


def is_whole(feature: Feature) -> bool:
    """Return whether a feature is an integer in the query."""
    return feature.kind == "category" or feature.part in ("year", "month", "hour")


def first_code(feature: Feature, threshold: float) -> int:
    """Return the first code that is not below a threshold."""
    return math.ceil(min(max(threshold, 0.0), len(feature.categories)))


def cuts_of(
    linear: LinearEncoder | None, features: Sequence[Feature], trees: Iterable[TreesModel]
) -> Cuts:
    """Return the codes at which models tell the levels of categories apart.

    Parameters
    ----------
    linear : LinearEncoder or None
        What linear margins and networks read, if there are any: each level for itself.
    features : sequence of Feature
        What trees read.
    trees : iterable of TreesModel
    """
    cuts: dict[str, set[int]] = {}
    for feature in features if linear is None else linear.schema.features:
        if feature.kind == "category":
            levels = 0 if linear is None else min(len(feature.categories), linear.max_levels)
            cuts[feature.name] = set(range(levels + 1))
    for model in trees:
        for node in np.flatnonzero(model.features >= 0):
            feature = features[model.features[node]]
            if feature.kind == "category":
                cuts[feature.name].add(first_code(feature, float(model.thresholds[node])))
    return cuts


def _spellings(column: Column) -> dict[str, int]:
    """Return the codes of all spellings, those of truth values in SQL among them."""
    codes = dict(column.codes)
    truths = {text.lower(): code for text, code in codes.items() if text.lower() in TRUTHS}
    return truths | codes
