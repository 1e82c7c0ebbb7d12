"""Reads tables from files, and takes rows out of whatever a table is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hpmkd.values import IntArray


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV (also compressed) or Parquet file.

    Raises
    ------
    DataError
        If the file is missing, unreadable, empty or of another kind.
    """
    import pandas as pd

    path = Path(path)
    name = path.name.lower()
    if path.is_dir():
        raise DataError(f"{path}: is a folder; give the path of a CSV or Parquet file")
    try:
        if name.endswith((".parquet", ".pq")):
            return pd.read_parquet(path)
        suffixes = Path(name).suffixes
        if {".csv", ".tsv", ".txt"} & set(suffixes):
            separator = "\t" if ".tsv" in suffixes else ","
            _refuse_repeated_header(path, separator)
            # In one piece, so that a column has one type from its first row to its last.
            return pd.read_csv(path, sep=separator, low_memory=False)
    except ImportError as error:
        raise DataError(
            f"{path}: reading Parquet needs pyarrow; type: pip install 'hpmkd[parquet]'"
        ) from error
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; give the path of a CSV or Parquet file") from error
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{path}: the file is empty; expected a header line and rows") from error
    except UnicodeError as error:
        raise DataError(
            f"{path}: cannot be read as text: expected UTF-8, got something else ({error}); "
            "save it as UTF-8"
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    raise DataError(f"{path}: unknown kind of file; expected .csv, .csv.gz, .tsv or .parquet")


def _refuse_repeated_header(path: Path, separator: str) -> None:
    # pandas renames repeated columns silently (a, a.1), which hides a broken export.
    import pandas as pd

    header = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str)
    names = header.iloc[0].tolist()
    repeated = sorted({str(name) for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{path}: column names appear twice: {', '.join(repeated)}; rename or drop them"
        )


def take(table: Any, rows: IntArray) -> Any:
    """Return some rows of a frame or array, by position."""
    return table.iloc[rows] if hasattr(table, "iloc") else table[rows]


def stacked(parts: Sequence[Any]) -> Any:
    """Return tables of the same columns, all frames or all arrays, under each other."""
    if not hasattr(parts[0], "iloc"):
        return np.concatenate(parts)
    import pandas as pd

    return pd.concat(parts, ignore_index=True)


def read_only(table: Any) -> Any:
    """Return a view of an array that cannot be written through; a frame as it is."""
    if not isinstance(table, np.ndarray) or not table.flags.writeable:
        return table
    view = table.view()
    view.flags.writeable = False
    return view


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only copy of an array; the array itself if it is read-only already."""
    if not array.flags.writeable:
        return array
    copy = array.copy()
    copy.flags.writeable = False
    # A view of it cannot be made writeable again, as an array that owns its memory can.
    return copy.view()


def digest(*values: Any) -> str:
    """Return a digest of the content of tables, arrays and plain values.

    The same content has the same digest in every process.
    """
    total = hashlib.sha256()
    for value in values:
        for part in _parts(value):
            view = memoryview(part).cast("B")
            total.update(len(view).to_bytes(8, "little"))
            total.update(view)
    return total.hexdigest()


def digest_of_rows(parts: Iterable[tuple[Any, NDArray[Any]]]) -> str:
    """Return a digest of rows and their labels, whatever their order and their division.

    Parameters
    ----------
    parts : iterable of (DataFrame or ndarray of shape (n, d), ndarray of shape (n,))
        Tables with labels; one at a time is needed.
    """
    import pandas as pd

    hashes = []
    for table, labels in parts:
        frame = table if hasattr(table, "iloc") else pd.DataFrame(table, copy=False)
        cells = pd.util.hash_pandas_object(frame, index=False).to_numpy()
        both = pd.DataFrame({"cells": cells, "label": labels})
        hashes.append(pd.util.hash_pandas_object(both, index=False).to_numpy())
        del table, frame  # the next rows may be made only now
    return digest(np.sort(np.concatenate(hashes)))


def _parts(value: Any) -> list[Any]:
    if hasattr(value, "iloc"):
        import pandas as pd

        columns = [value.iloc[:, at] for at in range(value.shape[1])]
        described = repr([(str(column.name), _kind(column)) for column in columns])
        hashes = [pd.util.hash_pandas_object(column, index=False) for column in columns]
        return [described.encode(), *(each.to_numpy() for each in hashes)]
    if isinstance(value, np.ndarray) and value.dtype != object:
        described = f"{value.dtype.str}{value.shape}"
        # Bytes that are looked at, not copied; a cast refuses arrays without any.
        flat = np.ascontiguousarray(value)
        return [
            described.encode(),
            flat.view(np.uint8) if flat.size and flat.ndim else flat.tobytes(),
        ]
    import joblib

    return [str(joblib.hash(value)).encode()]


def _kind(column: Any) -> str:
    """Describe what the hashes of a column's cells leave out."""
    import pandas as pd

    kind = str(column.dtype)
    if kind == "category":
        return f"{kind} {column.cat.ordered} {column.cat.categories.tolist()}"
    if kind != "object" or pd.api.types.infer_dtype(column, skipna=False) == "string":
        return kind
    # Among objects, 1 has the hash of "1".
    return f"{kind} {[type(cell).__name__ for cell in column]}"
