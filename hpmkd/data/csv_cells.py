"""Text cells of a CSV that a spreadsheet would run as formulas, and how they are kept from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# What starts a formula (OWASP, "CSV Injection"), in full width as well. Behind apostrophes it is
# escaped, too, so that taking one off gives back what was written.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def escape_cell(cell: Any) -> Any:
    """Return a cell that a spreadsheet takes for text, or the number that it is.

    Parameters
    ----------
    cell : object
        Text that starts with ``=``, ``+``, ``-``, ``@``, a tab or a line end gets an apostrophe in
        front, unless it spells a number; all else stays.

    Examples
    --------
    >>> [escape_cell(cell) for cell in ("=1+1", "-1", -1, "yes")]
    ["'=1+1", '-1', -1, 'yes']
    """
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def escape_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose text cells, and names of columns, are escaped."""
    return frame.map(escape_cell).rename(columns=escape_cell)
