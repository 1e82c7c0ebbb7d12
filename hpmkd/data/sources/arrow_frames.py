"""Arrow tables of databases become frames, with the kinds of cells that files have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from hpmkd.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MICROSECONDS_PER_DAY = 86_400_000_000
#: What PostgreSQL counts for a month where it adds up an interval.
DAYS_PER_MONTH = 30


def frame_of(table: Any, *, sort: bool) -> pd.DataFrame:
    """Return an Arrow table as a frame.

    Parameters
    ----------
    table : pyarrow.Table
        Decimals become numbers, enumerations text and intervals durations; all else is what a
        Parquet file of it gives.
    sort : bool
        Whether its rows are sorted by all columns, from the first one on: equal rows come out
        equal, in whatever order a database returns them.
    """
    table = pa.table([_plain(each) for each in table.columns], names=table.column_names)
    if sort:
        keys = [(each.name, "ascending") for each in table.schema if _has_order(each.type)]
        table = table.sort_by(keys) if keys else table
    frame: pd.DataFrame = table.to_pandas()
    return frame


def refuse_repeated(names: list[str], title: str) -> None:
    """Refuse columns of one name.

    Raises
    ------
    DataError
        There are some.
    """
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{title}: column names appear twice: {', '.join(repeated)}; leave one out, or "
            "rename it (SELECT … AS …)"
        )


def _plain(cells: Any) -> Any:
    kind = cells.type
    if pa.types.is_decimal(kind):
        return _number(cells)
    if pa.types.is_dictionary(kind):
        return cells.cast(kind.value_type)
    if kind == pa.month_day_nano_interval():
        return pa.array(map(_microseconds, cells.to_pylist()), pa.duration("us"))
    return cells


def _number(decimals: Any) -> Any:
    """Return decimals as whole numbers, where they have no digits behind the point, or floats."""
    if decimals.type.scale == 0:
        try:
            return decimals.cast(pa.int64())
        except pa.ArrowInvalid:  # a sum beyond 64 bits
            pass
    return decimals.cast(pa.float64())


def _microseconds(interval: Any) -> int | None:
    if interval is None:
        return None
    days = interval.months * DAYS_PER_MONTH + interval.days
    return int(days * MICROSECONDS_PER_DAY + interval.nanoseconds // 1000)


def _has_order(kind: Any) -> bool:
    known = (
        *(pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string),
        *(pa.types.is_large_string, pa.types.is_binary, pa.types.is_date, pa.types.is_time),
        *(pa.types.is_timestamp, pa.types.is_duration),
    )
    return any(belongs(kind) for belongs in known)
