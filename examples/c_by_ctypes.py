"""A student as C: written, compiled to a shared library, and asked from Python by ctypes.

Needs a C compiler, and takes some seconds: ``python examples/c_by_ctypes.py``.
"""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import hpmkd

rng = np.random.default_rng(0)
people = pd.DataFrame(
    {
        "age": rng.normal(40, 12, 400).round(1),
        "job": rng.choice(["clerk", "nurse", "baker", None], 400),
        "since": np.datetime64("2020-01-01") + rng.integers(0, 1500, 400).astype("timedelta64[D]"),
    }
)
buys = np.where(people["age"] + 15 * (people["job"] == "nurse") > 45, "yes", "no")
found = hpmkd.distill(
    people, buys, student="tree", teacher="quick", settings={"sampler.trials": 2, "memory": "none"}
)

with tempfile.TemporaryDirectory() as folder:
    source, library = Path(folder, "people.c"), Path(folder, "people.so")
    hpmkd.export(found.student, "c", source, settings={"prefix": "people"})
    command = ["cc", "-std=c99", "-O3", "-fPIC", "-shared", str(source), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    c = ctypes.CDLL(str(library))

    c.people_category.restype = ctypes.c_double
    c.people_label.restype = ctypes.c_char_p
    n_columns = len(people.columns)

    def cells_of(row: pd.Series) -> ctypes.Array:
        """Return a row as the C file reads it: numbers, codes of categories, seconds since 1970."""
        job = "" if pd.isna(row["job"]) else row["job"]
        text = job.encode()
        code = c.people_category(1, text, ctypes.c_size_t(len(text)))
        since = (row["since"] - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
        return (ctypes.c_double * n_columns)(row["age"], code, since)

    answer = (ctypes.c_double * 2)()
    for _, row in people.head(5).iterrows():
        cells = cells_of(row)
        c.people_probabilities(cells, answer)
        label = c.people_label(c.people_code(cells)).decode()
        print(row["age"], row["job"], row["since"].date(), label, list(answer))

        expected = found.student.predict_proba(pd.DataFrame([row]))
        assert label == found.student.predict(pd.DataFrame([row]))[0]
        assert np.array_equal(answer, expected[0])
