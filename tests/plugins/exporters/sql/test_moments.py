"""Parts of moments are those of the student, in every database, over all years."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pandas as pd
import pytest

from hpmkd.student.columns.calendar import PARTS, Calendar
from hpmkd.student.columns.column import Column
from hpmkd_defaults.exporters.sql.expressions import Sql, Subqueries
from hpmkd_defaults.exporters.sql.moments import Moments


@pytest.mark.parametrize("whole_days", [True, False])
def test_every_part(dialect, whole_days):
    rng = np.random.default_rng(0)
    days = rng.integers(-719_162, 2_932_896, 1500)  # the years 1 to 9999
    micros = np.concatenate(
        [days * 86_400 * 10**6 + rng.integers(0, 86_400 * 10**6, 1500), [0, -1]]
    )
    moments = micros.astype("datetime64[us]")
    moments[::9] = np.datetime64("NaT")
    calendar = Calendar(1_700_006_400, whole_days, PARTS)
    column = Column("when", "datetime", calendar=calendar)
    subqueries = Subqueries()
    made = Moments(subqueries, dialect, Sql(dialect.microseconds('t."when"', column)))
    parts = [made.value(feature, calendar) for feature in column.features]
    uses = frozenset(chain.from_iterable(part.uses for part in parts))
    key = subqueries.define("k", made._since._replace(text='t."row"', uses=frozenset()))
    found = subqueries.chain("level_", '"moments" AS t', dialect.fence, uses | key.uses)
    listed = ", ".join(part.text for part in parts)
    query = f"WITH {found.text} SELECT {key.text}, 0, {listed} FROM {found.last}"
    rows = pd.DataFrame({"when": moments})
    _, numbers = dialect.answers(query, "moments", "row", rows)
    np.testing.assert_array_equal(numbers, np.stack(calendar.read(moments), axis=1))
