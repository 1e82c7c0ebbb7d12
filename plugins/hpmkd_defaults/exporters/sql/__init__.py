"""Students as SQL: one query that scores a table, for SQLite, DuckDB and PostgreSQL."""
