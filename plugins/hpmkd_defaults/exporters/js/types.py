"""A student's module for TypeScript: types of its rows, labels and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.student.columns.spelling import TRUTHS, spells_number
from hpmkd_defaults.exporters.js.literals import label, text

if TYPE_CHECKING:
    from hpmkd.student import Student
    from hpmkd.student.columns.column import Column

#: So many levels are listed in the type of a column; of more, it is any text.
MOST_LEVELS = 50

_TEMPLATE = """\
/** A cell that is not known. */
export type Missing = null | undefined;
/** A number, a text that spells one (true and false are 1 and 0), or a moment in seconds. */
export type NumberCell = number | bigint | boolean | string | Date | Missing;
/** Any category, by its text. */
export type CategoryCell = string | number | bigint | boolean | Date | Missing;
/** A moment in UTC: a Date, or ISO 8601 text, of UTC where it names no offset. */
export type MomentCell = Date | string | Missing;

/** The cells of a row; further properties are ignored. */
export type Row = {{
{cells}
}};
/** The same cells in the order of the columns. */
export type Cells = ArrayLike<NumberCell | CategoryCell | MomentCell>;

export type Label = {labels};

export interface Column {{
  readonly name: string;
  readonly kind: "number" | "category" | "datetime";
  /** Of a category: the levels that the student knows, the most frequent first. */
  readonly categories?: readonly string[];
}}

/** The labels, in the order of the probabilities. */
export declare const classes: readonly Label[];
/** The columns of a row. */
export declare const columns: readonly Column[];
/** What the student's file tells of it. */
export declare const facts: {{ readonly [name: string]: unknown }};

/**
 * Return the probability of each class, in their order.
 * @throws TypeError where a column is lacking, or a cell is of another kind
 */
export declare function predictProba(row: Row | Cells): number[];
/** Return the probabilities of many rows. */
export declare function predictProbaMany(rows: Iterable<Row | Cells>): number[][];
/**
 * Return the label of the most probable class; or, of two, what a threshold makes of them.
 * @param threshold from which probability on the rarer class is named; "best": the one in `facts`
 */
export declare function predict(row: Row | Cells, threshold?: number | "best"): Label;

declare const student: {{
  readonly classes: typeof classes;
  readonly columns: typeof columns;
  readonly facts: typeof facts;
  readonly predict: typeof predict;
  readonly predictProba: typeof predictProba;
  readonly predictProbaMany: typeof predictProbaMany;
}};
export default student;
"""


def to_types(student: Student) -> str:
    """Return the declarations of a student's module, in ASCII."""
    columns = student.encoder.schema.columns
    return _TEMPLATE.format(
        cells="\n".join(f"  {text(column.name)}: {_cell(column)};" for column in columns),
        labels=" | ".join(map(label, student.classes.tolist())),
    )


def _cell(column: Column) -> str:
    """Return the type of the cells of a column."""
    if column.kind == "number":
        return "NumberCell"
    if column.kind == "datetime":
        return "MomentCell"
    levels = column.categories
    if not 0 < len(levels) <= MOST_LEVELS:
        return "CategoryCell"
    kinds = [text(level) for level in levels]
    kinds += ["number"] if any(map(spells_number, levels)) else []
    kinds += ["boolean"] if any(level.lower() in TRUTHS for level in levels) else []
    return " | ".join([*kinds, "Missing"])
