"""Tables in files: CSV, whose cells are text until their column is known, and Parquet."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hpmkd.errors import DataError, DataWarning, warn
from hpmkd.student.columns.spelling import MISSING, decimal_point, spells_number

if TYPE_CHECKING:
    import pandas as pd

#: How a file may begin, and what it is then.
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
OPENERS: dict[str, Callable[[Path, str], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zip": lambda path, _: _first_in_archive(path),
}
#: What reading a file may raise, of which a compressed one may be cut off or damaged.
UNREADABLE = (
    *(OSError, EOFError, ValueError, csv.Error),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
#: Signs between columns, by the name of them; the first is what CSV has.
SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
NO_TEXTS: Mapping[str, Collection[str]] = MappingProxyType({})
#: Rows in which codes show their leading zeros.
FEW_ROWS = 1000
LEADING_ZERO = re.compile(r"^\s*[+-]?0\d+\s*$")
DECIMAL_POINT = re.compile(r"^\s*[+-]?\d+\.\d+\s*$")
TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


@dataclass(frozen=True)
class CsvFormat:
    """How a CSV file is written.

    Parameters
    ----------
    separator : str, optional
        The sign between columns; by default what the header has: commas (tabs in a ``.tsv`` file),
        else semicolons, tabs or bars.
    encoding : str, optional
        Of the text; by default UTF-8, or UTF-16 where the file begins with its mark.
    decimal : str
        The decimal sign of numbers.
    """

    separator: str | None = None
    encoding: str | None = None
    decimal: str = "."

    def __post_init__(self) -> None:
        if self.separator is not None and len(self.separator) != 1:
            raise DataError(
                f"--sep: got {self.separator!r}; expected one character, such as ';' (a tab: "
                "$'\\t')"
            )
        if self.decimal not in (".", ","):
            raise DataError(f"--decimal: got {self.decimal!r}; expected '.' or ','")
        if self.separator == self.decimal:
            raise DataError(f"--sep and --decimal: got {self.decimal!r} for both")


def read_table(
    path: str | Path,
    format: CsvFormat | None = None,
    texts: Mapping[str, Collection[str]] = NO_TEXTS,
) -> pd.DataFrame:
    """Read a CSV (also compressed) or Parquet file.

    Parameters
    ----------
    path : path
        ``.csv``, ``.tsv`` or ``.txt``, also compressed, ``.parquet`` or ``.pq``.
    format : CsvFormat, optional
        How a CSV file is written.
    texts : mapping of str to collection of str
        Columns of a CSV file whose cells stay text as it is spelt, such as ``01``, since training
        had text there; and their known levels, none of which stands for a missing cell.

    Raises
    ------
    DataError
        If the file is missing, unreadable, empty or of another kind, or if a line has more or
        fewer cells than the header.
    """
    import pandas as pd

    path = Path(path)
    suffixes = Path(path.name.lower()).suffixes
    if os.path.isdir(path):
        raise DataError(f"{path}: is a folder; give the path of a CSV or Parquet file")
    try:
        if suffixes and suffixes[-1] in (".parquet", ".pq"):
            return pd.read_parquet(path)
        if {".csv", ".tsv", ".txt"} & {*suffixes[-1:], *_inner(suffixes)}:
            known = format or CsvFormat()
            if known.separator is None and ".tsv" in suffixes:
                known = replace(known, separator="\t")
            return _read_csv(path, known, texts)
    except ImportError as error:
        raise DataError(
            f"{path}: reading Parquet needs pyarrow; type: pip install 'hpmkd[parquet]'"
        ) from error
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; give the path of a CSV or Parquet file") from error
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{path}: the file is empty; expected a header line and rows") from error
    except (UnicodeError, LookupError) as error:
        raise DataError(
            f"{path}: cannot be read as text ({error}); give its encoding, e.g. --encoding "
            "latin-1, or save it as UTF-8"
        ) from error
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read: {_explained(error)}") from error
    raise DataError(
        f"{path}: unknown kind of file; expected .csv, .csv.gz, .tsv, .parquet, a folder of "
        ".parquet files, .duckdb or postgresql://USER@HOST/DATABASE"
    )


def _read_csv(path: Path, format: CsvFormat, texts: Mapping[str, Collection[str]]) -> pd.DataFrame:
    import pandas as pd

    options: dict[str, Any] = {"encoding": format.encoding or _encoding(path)}
    options["sep"] = format.separator or _separator(path, options["encoding"])
    options["keep_default_na"] = False
    # The first line of cells, too: pandas takes one more than the header has for row names.
    header = pd.read_csv(path, header=None, nrows=2, dtype=str, **options).iloc[0]
    names = [name or f"Unnamed: {at}" for at, name in enumerate(header)]
    _refuse_repeated(names, path)
    options |= {"names": names, "header": 0}
    texts = {**dict.fromkeys(_codes(path, options), ()), **texts}
    frame = pd.read_csv(
        path,
        dtype={name: str for name in names if name in texts},
        na_values={name: list(MISSING.difference(texts.get(name, ()))) for name in names},
        decimal=format.decimal,
        # In one piece, so that a column has one type from its first row to its last.
        low_memory=False,
        **options,
    )
    last = frame.iloc[:, -1] if len(frame) else None
    # What a short line lacks is read as empty cells, to its end.
    if len(names) > 1 and last is not None and (last.isna() | last.eq("")).any():
        _refuse_short_lines(path, len(names), options)
    if format.separator is None and options["sep"] != ",":
        warn(
            f"{path}: read with {SIGNS[options['sep']]} between the columns, as its header has no "
            "comma; --sep ',' reads it as one column",
            DataWarning,
        )
    return frame if format.decimal == "." else _with_points(frame, texts)


def _codes(path: Path, options: dict[str, Any]) -> list[str]:
    """Return the columns with leading zeros among their first cells: codes, and no numbers."""
    import pandas as pd

    first = pd.read_csv(path, nrows=FEW_ROWS, dtype=str, **options)
    return [name for name in first if first[name].str.contains(LEADING_ZERO).any()]


def _inner(suffixes: list[str]) -> list[str]:
    """Return the ending before that of a compressed file."""
    return suffixes[-2:-1] if suffixes and suffixes[-1] in OPENERS else []


def _first_in_archive(path: Path) -> Any:
    archive = zipfile.ZipFile(path)
    return archive.open(archive.namelist()[0])


def _encoding(path: Path) -> str:
    with _opened(path) as file:
        start = file.read(3)
    marked = [encoding for mark, encoding in MARKS.items() if start.startswith(mark)]
    return marked[0] if marked else "utf-8"


def _separator(path: Path, encoding: str) -> str:
    """Return what stands between the names of the header."""
    with _opened(path) as file:
        header = file.readline(1_000_000)
        header += file.read(1) if encoding == "utf-16" else b""
    line = header.decode(encoding, errors="replace")
    return "," if "," in line else max(SIGNS, key=line.count)


def _opened(path: Path) -> Any:
    return OPENERS.get(path.suffix.lower(), open)(path, "rb")


def _refuse_repeated(names: list[str], path: Path) -> None:
    # pandas renames repeated columns silently (a, a.1), which hides a broken export.
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{path}: column names appear twice: {', '.join(repeated)}; rename or drop them"
        )


def _refuse_short_lines(path: Path, width: int, options: dict[str, Any]) -> None:
    with _opened(path) as file, io.TextIOWrapper(file, options["encoding"], newline="") as lines:
        rows = csv.reader(lines, delimiter=options["sep"])
        for cells in rows:
            if cells and len(cells) < width:
                problem = _other_width(rows.line_num, len(cells), width)
                raise DataError(f"{path}: cannot be read: {problem}")


def _with_points(frame: pd.DataFrame, texts: Collection[str]) -> pd.DataFrame:
    """Write the numbers among text with a decimal point, as all else reads them."""
    import pandas as pd

    for name, column in frame.items():
        if name in texts or not pd.api.types.is_string_dtype(column.dtype):
            continue
        frame[name] = column.map(decimal_point, na_action="ignore")
        pointed = column[column.str.match(DECIMAL_POINT, na=False)]
        if len(pointed) and frame[name].dropna().map(spells_number).all():
            raise DataError(
                f"column {name!r} holds {pointed.iloc[0]!r} beside decimal commas; remove the "
                "thousands separators"
            )
    return frame


def _explained(error: Exception) -> str:
    """Return what is wrong with a file, and what to do about it."""
    found = TOO_LONG.search(str(error))
    if found is None:
        return f"{error}; expected a whole CSV or Parquet file: save it again"
    width, line, cells = map(int, found.groups())
    return _other_width(line, cells, width)


def _other_width(line: int, cells: int, width: int) -> str:
    longer = "a comma at its end, or one within a cell without quotes?"
    return (
        f"line {line} has {cells} cells; expected {width}, as the header "
        f"({longer if cells > width else 'was it cut off?'}): correct the line, or give the "
        "column separator (--sep)"
    )
