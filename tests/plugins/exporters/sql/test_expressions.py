from __future__ import annotations

import sqlite3

from hpmkd_defaults.exporters.sql.expressions import MAX_TERMS, Levels, Sql, join, sql


def run(levels, result):
    chain = levels.chain("level_", "(SELECT 3 AS a) AS t", " LIMIT -1", result.uses)
    query = f"WITH {chain.text} SELECT {result.text} FROM {chain.last}"
    return sqlite3.connect(":memory:").execute(query).fetchall(), chain


def test_columns_build_on_each_other():
    levels = Levels()
    a = levels.define("x", Sql("t.a"))
    square = levels.define("y", sql("{} * {}", a, a))
    result = levels.define("z", join(" + ", [a, square]))
    found, chain = run(levels, result)
    assert found == [(12,)]
    assert (chain.last, chain.width) == ("level_2", 2)


def test_one_expression_is_one_column():
    levels = Levels()
    assert levels.define("x", Sql("t.a")) == levels.define("y", Sql("t.a"))


def test_a_column_stays_until_it_was_used():
    levels = Levels()
    first, second = (levels.define("x", Sql(text)) for text in ("t.a", "t.a + 1"))
    result = levels.define("y", sql("{} + {}", levels.define("y", sql("{} * 2", first)), second))
    found, chain = run(levels, result)
    assert found == [(10,)]
    assert chain.width == 2


def test_results_of_lower_levels_come_along():
    levels = Levels()
    a = levels.define("x", Sql("t.a"))
    levels.define("y", sql("{} + 1", a))
    found, _ = run(levels, sql("{}", a))
    assert found == [(3,)]


def test_long_sums_are_taken_in_turns():
    levels = Levels()
    a = levels.define("x", Sql("t.a"))
    total = levels.add_up("m", Sql("0"), [a] * (2 * MAX_TERMS + 5))
    found, chain = run(levels, total)
    assert found == [(3 * (2 * MAX_TERMS + 5),)]
    assert chain.last == "level_3"
    assert levels.add_up("m", Sql("7"), []) == levels.define("m", Sql("7"))
