"""Students that the tests of this folder share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.student import Pool, pool_students
from hpmkd.testing.students import FAMILIES, fitted_student


@pytest.fixture(scope="session")
def fit_student():
    """Return a function that fits a student of a family on a table."""
    return fitted_student


@pytest.fixture(scope="session")
def small():
    """Students that are quickly damaged and read again."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.choice(["x", "y", None], 60)})
    students = {family: fitted_student(family, frame, frame["a"] > 0) for family in FAMILIES}
    pool = Pool(
        [0.5, 1.0, 2.0, 1.5, 1.2],
        [0.3, 0.1, 0.2, 0.3, 0.1],
        [0.5, 0.0, 0.7, 0.2, 0.1],
        [0.1, -0.1],
        0.5,
        0.9,
    )
    pooled = pool_students(list(students.values()), pool)
    attended = fitted_student("attended", frame, frame["a"] > 0)
    return {**students, "pooled": pooled, "attended": attended}, frame
