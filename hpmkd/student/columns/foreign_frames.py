"""Frames of other libraries as pandas ones: Arrow, Polars, and what speaks their protocols."""

from __future__ import annotations

import sys
from typing import Any

from hpmkd.errors import DataError


def to_pandas(table: Any) -> Any:
    """Return a frame or a column of another library as a pandas one.

    Parameters
    ----------
    table : object
        With ``to_pandas`` (Arrow, Polars, cuDF) or the Arrow stream of PyCapsules
        (``__arrow_c_stream__``: DuckDB, nanoarrow, Ibis). A LazyFrame of Polars is collected.
        The older interchange protocol (``__dataframe__``) is not used: pandas reads a missing
        boolean from it as False.

    Returns
    -------
    DataFrame, Series or None
        None if it is nothing of the kind.

    Raises
    ------
    DataError
        Its library cannot convert it: mostly, pyarrow is missing.
    """
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(table, polars.LazyFrame):
        table = table.collect()
    convert = _converter(table)
    if convert is None:
        return None
    kind = f"{type(table).__module__.partition('.')[0]} {type(table).__name__}"
    try:
        return convert(table)
    except ImportError as error:
        raise DataError(
            f"got a {kind}, which takes pandas and pyarrow to read ({error}); type: pip install "
            "pandas pyarrow, or pass a dict of columns"
        ) from error
    except (TypeError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"got a {kind} that cannot be read as a table: {error}; pass a pandas DataFrame"
        ) from error


def _converter(table: Any) -> Any:
    """Return what makes a pandas object of such a table; None if nothing does."""
    if hasattr(table, "dtype"):  # a single column or an array
        return None
    if hasattr(table, "to_pandas"):
        return lambda found: found.to_pandas()
    if hasattr(table, "__arrow_c_stream__"):
        return _from_stream
    return None


def _from_stream(table: Any) -> Any:
    import pyarrow

    return pyarrow.table(table).to_pandas()
