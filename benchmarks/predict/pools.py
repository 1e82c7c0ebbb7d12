"""Ensembles: one kernel for all members, beside the times of the members themselves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.common.datasets import load
from benchmarks.common.timing import milliseconds
from benchmarks.predict.speed import ROWS, each
from hpmkd.student import Pool, Student, pool_students
from hpmkd.testing.students import fitted_student

POOL_HEADER = ("members", "K", "members alone, row, µs", "pool, row, µs", "aim", "met")
POOL_HEADER += ("predict_one of a dict, µs", "members alone, table, ns", "pool, table, ns")
MIXES = (("boosted", "linear"), ("boosted", "additive", "linear"), ("boosted",) * 8)
SETS = ("breast_cancer", "digits")
TABLE = 20_000


def pool_lines(repeats: int) -> Iterator[tuple[str, ...]]:
    """Measure pools of both kinds mixed, with temperatures: the most that a pool computes."""
    for name in SETS:
        table, labels = load(name)
        for mix in MIXES:
            members = [fitted_student(family, table, labels) for family in mix]
            yield _line(f"{name}: {', '.join(mix)}", members, table, repeats)


def _line(about: str, members: list[Student], table, repeats: int) -> tuple[str, ...]:
    n, n_classes = len(members), len(members[0].classes)
    equal = np.full(n, 1 / n)
    pool = Pool(np.linspace(0.5, 2, n), equal, equal, np.zeros(n_classes), 0.4, 1.5)
    ensemble = pool_students(members, pool)
    rows = table.to_numpy(dtype=float)[:ROWS]
    dicts = table.head(ROWS).to_dict("records")
    many = np.resize(rows, (TABLE, rows.shape[1]))
    singles = [*members, ensemble]
    out = np.empty(n_classes)
    contestants = [
        each(
            lambda row, ask=student.packed.probabilities: ask(row, out),
            [row.astype(student.packed.dtype) for row in rows],
        )
        for student in singles
    ]
    contestants.append(each(ensemble.predict_one, dicts))
    contestants += [lambda student=student: student.predict_proba(many) for student in singles]
    times = milliseconds(contestants, repeats)
    own, fused, by_name = sum(times[:n]), times[n], times[n + 1]
    own, fused, by_name = (1e3 * taken / len(rows) for taken in (own, fused, by_name))
    alone, together = (1e6 * taken / TABLE for taken in (sum(times[n + 2 : -1]), times[-1]))
    aim = 1.5 * own + 0.3
    return (
        about, str(n_classes), f"{own:.2f}", f"{fused:.2f}", f"≤ {aim:.2f} (1.5 × + .3)",
        "yes" if fused <= aim else "no", f"{by_name:.2f}", f"{alone:.0f}", f"{together:.0f}",
    )  # fmt: skip
