"""Names of the inputs of an ONNX graph, and the text of a missing category."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hpmkd.student.columns.schema import Column

#: The outputs: predicted labels of shape (n,), and probabilities of shape (n, K).
LABEL, PROBABILITIES = "label", "probabilities"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def input_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return one identifier per column, all different.

    ONNX wants names to be identifiers. Columns that have such names keep them; of the
    others, whatever is not a letter, a digit or ``_`` becomes ``_``.

    Parameters
    ----------
    names : sequence of str
        Names of the columns, all different.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> input_names(["age", "net income", "net_income", "2nd", "label"])
    ('age', 'net_income_2', 'net_income', '_2nd', 'label_2')
    """
    taken = {LABEL, PROBABILITIES}
    usable = {name for name in names if _IDENTIFIER.fullmatch(name)} - taken
    taken |= usable
    return tuple(name if name in usable else _identifier(name, taken) for name in names)


def missing_text(column: Column) -> str:
    """Return the text that stands for a missing cell of a category column.

    A text that training did not show is read as a missing cell is, so that any such text
    would do. It is the empty text, unless that is one of the categories.
    """
    text = ""
    while text in column.categories:
        text = f"<missing{text}>"
    return text


def _identifier(name: str, taken: set[str]) -> str:
    """Make an identifier that is not taken, and take it."""
    safe = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not _IDENTIFIER.fullmatch(safe):
        safe = f"_{safe}"
    unused, count = safe, 1
    while unused in taken:
        count += 1
        unused = f"{safe}_{count}"
    taken.add(unused)
    return unused
