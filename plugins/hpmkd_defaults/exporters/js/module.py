"""A student as an ES module: its packed words, its columns, and the code that answers from them."""

from __future__ import annotations

import base64
import re
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError, UnsupportedStudentError
from hpmkd.student import PooledModel
from hpmkd.student.packed.content import LEAF_WIDTH, LINEAR, NETWORK, TREES
from hpmkd.student.packed.pool import member_words
from hpmkd_defaults.exporters.js.literals import label, parsed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student import Student
    from hpmkd.student.columns.column import Column

#: The files of the kernel that every module holds.
ALWAYS = ("words", "scalars", "texts", "columns", "links", "student")
#: The reader of the cells of a kind of columns, and its file.
READERS = {
    "number": ("numberReader", "numbers"),
    "category": ("categoryReader", "categories"),
    "datetime": ("momentReader", "moments"),
}
#: The function for the margins of a part of a model, and its files.
STEPS = {
    "linearStep": ("linear",),
    "networkStep": ("linear", "network"),
    "treeStep": ("trees",),
    "vectorStep": ("trees", "vectors"),
}
_IMPORT = re.compile(r"^import .*\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_TYPE_OF_FILE = re.compile(r'import\("\./\w+\.js"\)\.')


def to_module(student: Student) -> str:
    """Return a student as the text of an ES module, in ASCII.

    Raises
    ------
    UnsupportedStudentError
        It cannot be packed.
    """
    try:
        packed = student.packed
    except DataError as error:
        raise UnsupportedStudentError(
            f"the exporter 'js' writes packed students, and this one ({student.model.family}) has "
            "a tree that is too large to be packed: the exporter 'json' may write it"
        ) from error
    words, columns = packed.words, student.encoder.schema.columns
    model, order = student.model, np.arange(packed.n_columns)
    pooled = isinstance(model, PooledModel)
    members = [words]
    if isinstance(model, PooledModel):
        members = member_words(student.encoder, model, order)
    steps = [name for name in STEPS if any(name in _steps_of(member) for member in members)]
    kinds = [kind for kind in READERS if any(column.kind == kind for column in columns)]
    names = [*ALWAYS, *(READERS[kind][1] for kind in kinds)]
    names += [name for step in steps for name in STEPS[step]]
    names += ["attention", "pool"] if pooled else []
    # In any order: nothing is called before all of them are read.
    code = "\n".join(map(_kernel, dict.fromkeys(names)))
    readers = ", ".join(f"{kind}: {READERS[kind][0]}" for kind in kinds)
    answer = f"{'poolOf' if pooled else 'answerOf'}(decode(WORDS), [{', '.join(steps)}])"
    return f"""\
/**
 * A student of hpmkd {version("hpmkd")}: {student.model.family}, {len(student.classes)} classes, \
{len(columns)} columns.
 * Its probabilities are those of Student.predict_proba, bit for bit.
 */

{code}
// The student itself.

/** The labels, in the order of the probabilities. */
export const classes = Object.freeze([{", ".join(map(label, student.classes.tolist()))}]);

/** The columns of a row. */
export const columns = {parsed([column_entry(column) for column in columns])};

/** What the student's file tells of it. */
export const facts = {parsed(dict(student.facts))};

const WORDS = "{base64.b64encode(words.astype("<u4").tobytes()).decode()}";
const STUDENT = studentOf(
  rowReader(columns, {{ {readers} }}),
  {answer},
  classes,
  facts.threshold,
);
export const {{ predict, predictProba, predictProbaMany }} = STUDENT;
export default Object.freeze({{ ...STUDENT, classes, columns, facts }});
"""


def column_entry(column: Column) -> dict[str, Any]:
    """Return a column as the module tells it: what its reader needs, as plain values."""
    entry: dict[str, Any] = {"name": column.name, "kind": column.kind}
    if column.kind == "category":
        known = set(column.categories)
        aliases = [[text, code] for text, code in column.codes.items() if text not in known]
        return entry | {"categories": list(column.categories), "aliases": sorted(aliases)}
    if column.missing:
        entry["missing"] = list(column.missing)
    return entry if column.calendar is None else entry | {"calendar": column.calendar.to_json()}


def _steps_of(words: NDArray[np.uint32]) -> set[str]:
    """Return which of :data:`STEPS` the words of a student need."""
    vectors = words[LEAF_WIDTH] > 0
    needed = {"linearStep": words[LINEAR], "networkStep": words[NETWORK]}
    needed |= {"treeStep": words[TREES] and not vectors, "vectorStep": words[TREES] and vectors}
    return {name for name, value in needed.items() if value}


def _kernel(name: str) -> str:
    """Return a file of the kernel as a part of one module."""
    text = files(__package__).joinpath("kernel", f"{name}.js").read_text("utf-8")
    return _TYPE_OF_FILE.sub("", _EXPORT.sub("", _IMPORT.sub("", text)))
