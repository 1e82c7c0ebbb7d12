"""The two tables of a store: records in, records out, within the caller's transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC
from typing import TYPE_CHECKING, Any

import msgspec

from hpmkd_defaults.memories.records import Learned, Tried, joined

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

#: In the file's header: the mark of our files, and the version of the layout.
APPLICATION, VERSION = 0x68706D6B, 3
LAYOUT = (
    """CREATE TABLE data_sets (
        digest TEXT PRIMARY KEY, n_rows INTEGER, n_columns INTEGER, n_classes INTEGER,
        balance REAL, noise REAL, regime TEXT, hpmkd TEXT, learned_at TEXT
    )""",
    """CREATE TABLE outcomes (
        digest TEXT, position INTEGER, stage TEXT, temperature REAL, alpha REAL,
        extra_weight REAL, hyperparameters TEXT, regret REAL, rank REAL, state TEXT,
        is_default INTEGER, PRIMARY KEY (digest, position)
    )""",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
FACTS = tuple(name for name in Learned.__struct_fields__ if name != "outcomes")
OUTCOME = Tried.__struct_fields__


class DamagedStoreError(Exception):
    """The file is no store of this version, or not whole."""


def is_new(connection: sqlite3.Connection) -> bool:
    """Return whether nothing was ever written; raise if it is not ours to read."""
    application, version, n_tables = (
        connection.execute(query).fetchone()[0]
        for query in (
            "PRAGMA application_id",
            "PRAGMA user_version",
            "SELECT count(*) FROM sqlite_master",
        )
    )
    if application == version == n_tables == 0:
        return True
    if application != APPLICATION:
        raise DamagedStoreError("it is the database of another program")
    if version != VERSION:
        raise DamagedStoreError(f"it is of version {version}; this hpmkd has version {VERSION}")
    return False


def lay_out(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    for statement in LAYOUT:
        connection.execute(statement)


def known(connection: sqlite3.Connection, digest: str | None = None) -> list[Learned]:
    """Return one data set, if it is known, or all of them, the newest first."""
    which, values = _which(digest)
    facts = connection.execute(
        f"SELECT {', '.join(FACTS)} FROM data_sets {which} ORDER BY learned_at DESC, digest",
        values,
    ).fetchall()
    found = connection.execute(
        f"SELECT digest, {', '.join(OUTCOME)} FROM outcomes {which} ORDER BY digest, position",
        values,
    )
    outcomes: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for digest, *values in found:
        tried = dict(zip(OUTCOME, values, strict=True))
        for name in ("hyperparameters", "state"):
            tried[name] = None if tried[name] is None else msgspec.json.decode(tried[name])
        # SQLite has no truth values.
        tried["is_default"] = {0: False, 1: True}.get(tried["is_default"])
        outcomes[digest].append(tried)
    rows = [dict(zip(FACTS, values, strict=True)) for values in facts]
    plain = [{**row, "outcomes": outcomes[row["digest"]]} for row in rows]
    return msgspec.convert(plain, list[Learned])


def put(connection: sqlite3.Connection, learned: Learned) -> None:
    """Add what a run learned to what is known of the data set; see :func:`records.joined`."""
    (before,) = known(connection, learned.digest) or [learned]
    learned = joined(before, learned)
    forget(connection, learned.digest)
    if not learned.outcomes:
        return
    facts = {name: getattr(learned, name) for name in FACTS}
    _insert(connection, "data_sets", [{**facts, "learned_at": moment_of(learned)}])
    outcomes = [
        {
            **{name: getattr(tried, name) for name in OUTCOME},
            "hyperparameters": _text(tried.hyperparameters),
            "state": None if tried.state is None else _text(tried.state),
            "digest": learned.digest,
            "position": position,
        }
        for position, tried in enumerate(learned.outcomes)
    ]
    _insert(connection, "outcomes", outcomes)


def trim(connection: sqlite3.Connection, n: int) -> None:
    """Forget all but the `n` newest data sets."""
    query = "SELECT digest FROM data_sets ORDER BY learned_at DESC, digest LIMIT -1 OFFSET ?"
    for (digest,) in connection.execute(query, (n,)).fetchall():
        forget(connection, digest)


def forget(connection: sqlite3.Connection, digest: str | None = None) -> None:
    """Forget a data set, or all of them."""
    which, values = _which(digest)
    for table in ("outcomes", "data_sets"):
        connection.execute(f"DELETE FROM {table} {which}", values)


def _which(digest: str | None) -> tuple[str, tuple[str, ...]]:
    return ("", ()) if digest is None else ("WHERE digest = ?", (digest,))


def moment_of(learned: Learned) -> str:
    """Return when it was learned, as a text whose order is that of time."""
    return learned.learned_at.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: Any) -> str:
    return json.dumps(msgspec.to_builtins(value), sort_keys=True)


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    columns = list(rows[0])
    places = ", ".join(f":{column}" for column in columns)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
    connection.executemany(statement, rows)
