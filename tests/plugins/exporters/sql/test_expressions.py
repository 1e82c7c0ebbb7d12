from __future__ import annotations

import sqlite3

from hpmkd_defaults.exporters.sql.expressions import MAX_TERMS, Sql, Subqueries, join, sql


def run(subqueries, result):
    chain = subqueries.chain("level_", "(SELECT 3 AS a) AS t", " LIMIT -1", result.uses)
    query = f"WITH {chain.text} SELECT {result.text} FROM {chain.last}"
    return sqlite3.connect(":memory:").execute(query).fetchall(), chain


def test_columns_build_on_each_other():
    subqueries = Subqueries()
    a = subqueries.define("x", Sql("t.a"))
    square = subqueries.define("y", sql("{} * {}", a, a))
    result = subqueries.define("z", join(" + ", [a, square]))
    found, chain = run(subqueries, result)
    assert found == [(12,)]
    assert (chain.last, chain.width) == ("level_2", 2)


def test_one_expression_is_one_column():
    subqueries = Subqueries()
    assert subqueries.define("x", Sql("t.a")) == subqueries.define("y", Sql("t.a"))


def test_a_column_stays_until_it_was_used():
    subqueries = Subqueries()
    first, second = (subqueries.define("x", Sql(text)) for text in ("t.a", "t.a + 1"))
    result = subqueries.define(
        "y", sql("{} + {}", subqueries.define("y", sql("{} * 2", first)), second)
    )
    found, chain = run(subqueries, result)
    assert found == [(10,)]
    assert chain.width == 2


def test_results_of_lower_levels_come_along():
    subqueries = Subqueries()
    a = subqueries.define("x", Sql("t.a"))
    subqueries.define("y", sql("{} + 1", a))
    found, _ = run(subqueries, sql("{}", a))
    assert found == [(3,)]


def test_long_sums_are_taken_in_turns():
    subqueries = Subqueries()
    a = subqueries.define("x", Sql("t.a"))
    total = subqueries.add_up("m", Sql("0"), [a] * (2 * MAX_TERMS + 5))
    found, chain = run(subqueries, total)
    assert found == [(3 * (2 * MAX_TERMS + 5),)]
    assert chain.last == "level_3"
    assert subqueries.add_up("m", Sql("7"), []) == subqueries.define("m", Sql("7"))
