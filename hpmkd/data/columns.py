"""Raw columns at training: numbers among text are read, ids are left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError, DataWarning, suggest, warn
from hpmkd.student.columns.cells import kind_of, read_numbers
from hpmkd.student.columns.spelling import MISSING, decimal_point, spells_number
from hpmkd.student.columns.tables import listed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: A text column is one of numbers if it has more distinct ones than levels of a code have, and
#: at most this share of other texts. These are then missing.
MORE_THAN_CODES, MOST_ODD = 20, 0.05
#: One of which this share are numbers, but less than that, is warned of.
MOSTLY = 0.5
#: Rows in which most columns show what they are.
FEW_ROWS = 1000
#: A text column is left out if its distinct texts are this share of its cells, from so many on.
NEARLY_EVERY, ENOUGH_CELLS = 0.95, 20
#: Names of identifiers; a column of them is one if no value repeats.
ID_NAME = re.compile(r"(?i:(^|[^a-z])(id|uuid|guid)s?$|^unnamed: \d+$)|[a-z](Id|ID)$")


@dataclass(frozen=True)
class ColumnChoice:
    """Columns that a user leaves out, or keeps whatever they look like.

    Parameters
    ----------
    drop, keep : tuple of str
    """

    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


ANY = ColumnChoice()


def read_text_numbers(frame: pd.DataFrame) -> tuple[pd.DataFrame, Mapping[str, tuple[str, ...]]]:
    """Return a frame whose text columns that hold numbers are numbers, and what is missing there.

    Returns
    -------
    frame : DataFrame
        The same one if no column is such.
    missing : mapping of str to tuple of str
        By column, the texts that are read as missing cells; warned of.
    """
    read, missing = {}, {}
    for name in _text_columns(frame):
        odd = _odd_texts(frame[name])
        if odd is None:
            continue
        read[name] = read_numbers(frame[name], name, odd)
        if odd:
            missing[name] = odd
            cells = int(frame[name].isin(odd).sum())
            warn(
                f"column {name!r} holds numbers, but {cells} of {len(frame)} cells "
                f"{listed(odd)}: these are read as missing, here and at prediction",
                DataWarning,
            )
    return _with(frame, read), missing


def left_out(frame: pd.DataFrame, choice: ColumnChoice) -> tuple[str, ...]:
    """Return the columns that no student and no teacher fitted here learns from; note why.

    Raises
    ------
    DataError
        A column that the user names is not there, or none is left.
    """
    for option, names in (("drop", choice.drop), ("keep", choice.keep)):
        unknown = [name for name in names if name not in frame.columns]
        if unknown:
            raise DataError(
                f"{option}: no column is called {unknown[0]!r}{suggest(unknown[0], frame.columns)}"
            )
    both = sorted(set(choice.drop) & set(choice.keep))
    if both:
        raise DataError(f"got {listed(both)} to drop and to keep; expected one of them")
    decided = {*choice.drop, *choice.keep, *_varying(frame)}
    undecided = [name for name in frame.columns if name not in decided]
    reasons = {name: reason for name in undecided if (reason := _reason(frame[name], name))}
    chosen = [name for name in frame.columns if name in reasons or name in choice.drop]
    if len(chosen) == frame.shape[1]:
        raise DataError(
            f"no column is left to learn from: {_reasons(reasons) or 'all are dropped'}; name the "
            "columns to keep (--keep COLUMN, in Python keep=[…])"
        )
    if reasons:
        warn(
            f"columns left out: {_reasons(reasons)}; --keep COLUMN (in Python keep=[…]) keeps one",
            DataWarning,
        )
    return tuple(chosen)


def warn_of_commas(frame: pd.DataFrame) -> None:
    """Warn of text columns that are numbers with a decimal comma."""
    names = [
        name
        for name in _text_columns(frame)
        if all(map(_has_comma, frame[name].head(FEW_ROWS).dropna()))
        and frame[name].head(FEW_ROWS).notna().any()
    ]
    if names:
        warn(
            f"columns that look like numbers with a decimal comma: {listed(names)}; read as text: "
            "--decimal , (in Python pandas.read_csv(…, decimal=',')) reads them as numbers",
            DataWarning,
        )


def conformed(table: Any, training: Any, missing: Mapping[str, Any]) -> Any:
    """Return other rows whose columns of numbers hold numbers, as those of the training rows.

    Parameters
    ----------
    table, training : DataFrame or ndarray
        Both of the same form.
    missing : mapping of str to tuple of str
        Texts that stand for a missing cell, by column.

    Raises
    ------
    DataError
        A cell of such a column is not a number.
    """
    if not hasattr(table, "columns"):
        if table.dtype.kind not in "OU":
            return table
        known = named(training).infer_objects()
        return conformed(named(table), known, missing).to_numpy(dtype=object)
    read = {
        name: read_numbers(table[name], name, missing.get(name, ()))
        for name, kind in zip(map(str, training), training.dtypes, strict=True)
        if isinstance(kind, np.dtype) and kind.kind in "biuf"
        if name in table and is_text(table[name].dtype)
    }
    texts = {
        name: table[name].mask(table[name].isin(odd))
        for name, odd in missing.items()
        if name in table and name not in read
    }
    return _with(table.assign(**texts) if texts else table, read)


def named(array: NDArray[Any]) -> pd.DataFrame:
    """Return an array as a frame whose columns have the names that a schema gives them."""
    import pandas as pd

    return pd.DataFrame(array, columns=[f"x{at}" for at in range(array.shape[1])])


def _with(frame: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.DataFrame:
    """Return a frame with some columns as numbers."""
    import pandas as pd

    read = {name: pd.Series(cells, frame.index) for name, cells in numbers.items()}
    return frame.assign(**read) if read else frame


def texts_of(frame: pd.DataFrame) -> Mapping[str, Collection[str]]:
    """Return the text columns, and which of their texts would stand for a missing cell elsewhere.

    Other files are read by it; see :func:`hpmkd.data.table_files.read_table`.
    """
    names = _text_columns(frame)
    return {name: [text for text in MISSING if frame[name].eq(text).any()] for name in names}


def _text_columns(frame: pd.DataFrame) -> list[str]:
    return [name for name, kind in zip(frame.columns, frame.dtypes, strict=True) if is_text(kind)]


def is_text(kind: Any) -> bool:
    """Whether columns of a dtype hold text or objects."""
    import pandas as pd

    return bool(pd.api.types.is_object_dtype(kind)) or isinstance(kind, pd.StringDtype)


def _varying(frame: pd.DataFrame) -> set[str]:
    """Return the columns of fractions that change among the first rows: these may teach."""
    first = frame.head(FEW_ROWS).select_dtypes("float")
    cells = first.to_numpy(dtype=np.float64, na_value=np.nan)
    varying = first.columns[np.fmax.reduce(cells) > np.fmin.reduce(cells)]
    return {name for name in varying if not ID_NAME.search(name)}


def _odd_texts(column: pd.Series) -> tuple[str, ...] | None:
    """Return the texts of a column that spell no number; None if it is not a column of numbers."""
    if kind_of(column) != "category":
        return None  # objects that are numbers or dates already
    few = column.iloc[:: max(1, len(column) // FEW_ROWS)].dropna()
    if len(few) and np.mean([_is_number(cell) for cell in few]) < MOSTLY / 2:
        return None
    counts = column.value_counts()
    is_number = np.array([_is_number(cell) for cell in counts.index], dtype=bool)
    total = int(counts.sum())
    odd = [cell for cell in counts.index[~is_number] if isinstance(cell, str)]
    if is_number.sum() <= MORE_THAN_CODES or len(odd) < int((~is_number).sum()):
        return None
    share = counts[~is_number].sum() / total
    if MOST_ODD < share < 1 - MOSTLY:
        warn(
            f"column {column.name!r} holds numbers, but other text in {share:.0%} of its cells: "
            f"{listed(odd)}; above {MOST_ODD:.0%} a column is read as text, here with "
            f"{len(counts)} levels: empty those cells to read it as numbers",
            DataWarning,
        )
    return tuple(odd) if share <= MOST_ODD else None


def _is_number(cell: Any) -> bool:
    if isinstance(cell, str):
        return spells_number(cell)
    return isinstance(cell, Real) and not isinstance(cell, bool | np.bool_)


def _has_comma(cell: Any) -> bool:
    return isinstance(cell, str) and decimal_point(cell) != cell


def _reason(column: pd.Series, name: str) -> str:
    """Return why nothing can be learned from a column; empty if something can."""
    n = len(column)
    # What changes among the first rows need not be looked for in all of them.
    first = column.head(FEW_ROWS)
    if first.nunique(dropna=False) <= 1 and column.nunique(dropna=False) <= 1:
        return "missing in every row" if column.isna().all() else "never changes"
    if kind_of(first) == "category":
        cells = int(column.notna().sum())
        enough = cells >= ENOUGH_CELLS and first.nunique() >= NEARLY_EVERY * first.notna().sum()
        if enough and column.nunique() >= NEARLY_EVERY * cells:
            return "nearly every row has its own text"
    if column.dtype.kind in "iu" and n >= ENOUGH_CELLS and (np.diff(column.to_numpy()) == 1).all():
        return "numbers the rows"
    if ID_NAME.search(name) and column.dtype.kind in "iuf":
        present = column.dropna()
        enough = len(present) >= max(ENOUGH_CELLS, NEARLY_EVERY * n)
        if enough and present.is_unique and (present % 1 == 0).all():
            return "every row has its own"
    return ""


def _reasons(reasons: Mapping[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{listed(names)} ({reason})" for reason, names in by_reason.items())
