"""The whole query: cells, margins, probabilities, label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

from hpmkd.errors import ExportError, UnsupportedStudentError
from hpmkd.student import (
    AdditiveModel,
    JointEncoder,
    LinearEncoder,
    LinearModel,
    NetworkModel,
    PooledModel,
    Student,
    TreeEncoder,
    TreesModel,
)
from hpmkd.student.models.pool import tree_parts
from hpmkd_defaults.exporters.sql.cells import CellReader, cuts_of
from hpmkd_defaults.exporters.sql.dialects import Dialect, shortened
from hpmkd_defaults.exporters.sql.expressions import Sql, Subqueries, sql
from hpmkd_defaults.exporters.sql.limits import (
    check_length,
    check_linear,
    check_trees,
    check_width,
)
from hpmkd_defaults.exporters.sql.linear import linear_margins, network_margins
from hpmkd_defaults.exporters.sql.links import Links
from hpmkd_defaults.exporters.sql.trees import tree_margins

LABEL = "label"


class Query(NamedTuple):
    """The text of a query, and the names of the columns that it reads, kept ones aside."""

    text: str
    reads: tuple[str, ...]


def query_of(
    student: Student, dialect: Dialect, table: Sequence[str], keep: Sequence[str] = ()
) -> Query:
    """Return a query that scores all rows of a table.

    Parameters
    ----------
    student : Student
    dialect : Dialect
    table : sequence of str
        Its name, behind that of its schema or not.
    keep : sequence of str
        Columns to return as they are, before the others.

    Returns
    -------
    Query
        Returns the columns `keep`, ``label``, and ``p_0`` … ``p_{K-1}``, the probabilities of the
        classes in their order.

    Raises
    ------
    UnsupportedStudentError
        The student reads columns of other names than the database knows, is of another kind,
        or the query would be longer or wider than the database takes.
    ExportError
        A name in `table` or `keep`, or a label, cannot be written.
    """
    subqueries = Subqueries()
    cells = CellReader(subqueries, dialect, student.encoder.schema, _cuts(student))
    found = _Model(cells, student.encoder).probabilities(student.model)
    label = _label(subqueries, dialect, found, student.classes.tolist())
    results = [*_kept(subqueries, dialect, keep), (label, LABEL)]
    results += [(value, f"p_{k}") for k, value in enumerate(found)]
    place = ".".join(_written(dialect, name, "table") for name in table)
    used = frozenset().union(*(value.uses for value, _ in results))
    chain = subqueries.chain(_prefix(table), f"{place} AS t", dialect.fence, used)
    check_width(chain.width, dialect)
    listed = ",\n       ".join(f"{value.text} AS {name}" for value, name in results)
    head = _head(student, dialect, ".".join(table), cells)
    text = f"{head}WITH {chain.text}\nSELECT {listed}\nFROM {chain.last};\n"
    check_length(text, dialect)
    return Query(text, tuple(cells.read))


class _Model:
    """Models of one encoder."""

    def __init__(self, cells: CellReader, encoder: Any) -> None:
        self._cells = cells
        joint = isinstance(encoder, JointEncoder)
        self._linear, self._trees = (encoder.linear, encoder.tree) if joint else (encoder, encoder)
        self._links = Links(cells.subqueries, cells.dialect)

    def probabilities(self, model: Any) -> list[Sql]:
        """Return the columns with the probabilities of a model."""
        if isinstance(model, PooledModel):
            predicted = [self.probabilities(member) for member in model.members]
            return self._links.pooled(predicted, model.pool)
        margins = self._margins(model)
        if not isinstance(model, LinearModel):
            doubles = map(self._cells.dialect.as_double, margins)
            margins = [self._cells.subqueries.define("m", each) for each in doubles]
        return self._links.probabilities(margins, model.link)

    def _margins(self, model: Any) -> list[Sql]:
        cells, linear, trees = self._cells, self._linear, self._trees
        single = cells.dialect.single
        if isinstance(model, LinearModel) and isinstance(linear, LinearEncoder):
            check_linear(linear, model)
            return linear_margins(cells, linear, model)
        if isinstance(model, NetworkModel) and isinstance(linear, LinearEncoder):
            return network_margins(cells, linear, model)
        if isinstance(model, TreesModel) and isinstance(trees, TreeEncoder):
            check_trees(model)
            starts = [Sql(single(base)) for base in model.base_margin]
            return tree_margins(cells, trees, model, starts)
        if isinstance(model, AdditiveModel) and isinstance(trees, TreeEncoder):
            starts = [
                _clipped(cells, margin, single(low), single(high))
                for margin, low, high in zip(
                    self._margins(model.linear), model.low, model.high, strict=True
                )
            ]
            check_trees(model.trees)
            return tree_margins(cells, trees, model.trees, starts)
        raise UnsupportedStudentError(
            f"the exporter 'sql' got a model of the kind {model.kind!r} on an encoder of the kind "
            f"{linear.kind!r}, expected trees on raw columns, or linear margins or a network on "
            "scaled ones; the exporter 'onnx' may write it"
        )


def _clipped(cells: CellReader, margin: Sql, low: str, high: str) -> Sql:
    """Return a linear margin rounded and moved to the range on which trees were grown."""
    value = cells.subqueries.define("m", cells.dialect.rounded(margin))
    cases = f"CASE WHEN {{}} < {low} THEN {low} WHEN {{}} > {high} THEN {high} ELSE {{}} END"
    return cells.subqueries.define("m", sql(cases, value, value, value))


def _cuts(student: Student) -> Any:
    """Return where the models tell categories apart."""
    encoder, model = student.encoder, student.model
    members = model.members if isinstance(model, PooledModel) else (model,)
    if isinstance(encoder, LinearEncoder):
        return cuts_of(encoder, (), ())
    if isinstance(encoder, JointEncoder):
        return cuts_of(encoder.linear, encoder.tree.features, tree_parts(members))
    return cuts_of(None, encoder.features, tree_parts(members))


def _label(
    subqueries: Subqueries, dialect: Dialect, found: Sequence[Sql], classes: list[Any]
) -> Sql:
    """Return the label of the most probable class, the first of equally probable ones."""
    best = subqueries.define("a", dialect.largest(found))
    cases = [
        sql("WHEN {} THEN {}", value, dialect.label(label))
        for value, label in zip(found[:-1], classes, strict=False)
    ]
    last = Sql(dialect.label(classes[-1]))
    body = " ".join(case.text for case in cases)
    uses = frozenset().union(best.uses, *(case.uses for case in cases))
    return Sql(f"CASE {best.text} {body} ELSE {last.text} END", uses)


def _kept(subqueries: Subqueries, dialect: Dialect, keep: Sequence[str]) -> list[tuple[Sql, str]]:
    """Return the columns that are returned as they are, and their names."""
    names = [LABEL, *keep]
    folded = [name.casefold() if dialect.ignores_case else name for name in names]
    probability = [name for name in folded[1:] if name[:2] == "p_" and name[2:].isdigit()]
    if len(set(folded)) < len(folded) or probability:
        raise ExportError(
            f"keep got {', '.join(map(repr, keep))}, expected names that differ from each other, "
            f"from {LABEL!r} and from p_0, p_1 …, which the query returns: rename such a column in "
            "a view"
        )
    written = [_written(dialect, name, "keep") for name in keep]
    return [(subqueries.define("k", Sql(f"t.{name}")), name) for name in written]


def _written(dialect: Dialect, name: str, setting: str) -> str:
    """Return the name of a table or a column that a setting gives, as it stands in the query."""
    reason = dialect.objection(name)
    if reason:
        raise ExportError(
            f"{setting} got {shortened(name)}, expected a name that {dialect.title} has: {reason}"
        )
    return dialect.identifier(name)


def _prefix(table: Sequence[str]) -> str:
    """Return how the names of subqueries begin; the table has another name."""
    prefix = "level_"
    while table[-1].casefold().startswith(prefix):
        prefix = f"_{prefix}"
    return prefix


def _head(student: Student, dialect: Dialect, place: str, cells: CellReader) -> str:
    """Return comments that say what the query reads and returns, as JSON, which has no breaks."""
    lines = [
        f"hpmkd {version('hpmkd')}: a student ({student.model.family}) that scores a table, for "
        f"{dialect.title}.",
        *dialect.notes,
        f"Reads {_plain(place)}:",
        *(f"  {_plain(each.name)}: {dialect.types[each.kind]}" for each in cells.read.values()),
        "Returns label, the most probable class, and the probabilities of the classes:",
        *(f"  p_{k}: {_plain(label)}" for k, label in enumerate(student.classes.tolist())),
    ]
    return "".join(f"-- {line}\n" for line in lines)


def _plain(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:76]} ..."
